import type { Migration } from '../types.ts';
import { appendOnly } from './helpers.ts';

export const activities: Migration = {
  number: 7,
  name: 'activities',
  up: [
    `CREATE TABLE "partner_activities" (
      "tenant_id" TEXT NOT NULL,
      "seq" INTEGER NOT NULL,
      "partner_id" TEXT,
      "user_id" TEXT,
      "user_name" TEXT NOT NULL,
      "action" TEXT NOT NULL,
      "resource" TEXT NOT NULL,
      "resource_id" TEXT,
      "details" TEXT NOT NULL,
      "station" TEXT,
      "created_at" TEXT NOT NULL,
      "previous_hash" TEXT NOT NULL,
      "hash" TEXT NOT NULL,
      CONSTRAINT "ck_partner_activities_seq" CHECK (seq >= 1),
      CONSTRAINT "fk_partner_activities_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "fk_partner_activities_partner" FOREIGN KEY ("tenant_id", "partner_id") REFERENCES "partners" ("tenant_id", "id"),
      CONSTRAINT "pk_partner_activities" PRIMARY KEY ("tenant_id", "seq")
    ) STRICT`,
    `CREATE INDEX "ix_partner_activities_created" ON "partner_activities" ("tenant_id", "created_at", "seq")`,
    `CREATE INDEX "ix_partner_activities_user" ON "partner_activities" ("tenant_id", "user_id", "seq")`,
    `CREATE INDEX "ix_partner_activities_action" ON "partner_activities" ("tenant_id", "action", "seq")`,
    `CREATE INDEX "ix_partner_activities_resource" ON "partner_activities" ("tenant_id", "resource", "resource_id", "seq")`,
    `CREATE INDEX "ix_partner_activities_partner" ON "partner_activities" ("tenant_id", "partner_id", "seq")`,
    `CREATE TABLE "activity_heads" (
      "tenant_id" TEXT NOT NULL,
      "seq" INTEGER NOT NULL,
      "hash" TEXT NOT NULL,
      CONSTRAINT "ck_activity_heads_seq" CHECK (seq >= 0),
      CONSTRAINT "fk_activity_heads_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_activity_heads" PRIMARY KEY ("tenant_id")
    ) STRICT, WITHOUT ROWID`,
    ...appendOnly('partner_activities'),
  ],
};
