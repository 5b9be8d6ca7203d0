import type { Migration } from '../types.ts';
import { appendOnly, tenantFence } from './helpers.ts';

export const activities: Migration = {
  number: 7,
  name: 'activities',
  up: [
    `CREATE TABLE "partner_activities" (
      "tenant_id" uuid NOT NULL,
      "seq" bigint NOT NULL,
      "partner_id" uuid,
      "user_id" uuid,
      "user_name" text COLLATE "C" NOT NULL,
      "action" text COLLATE "C" NOT NULL,
      "resource" text COLLATE "C" NOT NULL,
      "resource_id" uuid,
      "details" jsonb NOT NULL,
      "station" text COLLATE "C",
      "created_at" timestamptz(3) NOT NULL,
      "previous_hash" text COLLATE "C" NOT NULL,
      "hash" text COLLATE "C" NOT NULL,
      CONSTRAINT "ck_partner_activities_seq" CHECK (seq >= 1),
      CONSTRAINT "fk_partner_activities_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "fk_partner_activities_partner" FOREIGN KEY ("tenant_id", "partner_id") REFERENCES "partners" ("tenant_id", "id"),
      CONSTRAINT "pk_partner_activities" PRIMARY KEY ("tenant_id", "seq")
    )`,
    `CREATE INDEX "ix_partner_activities_created" ON "partner_activities" ("tenant_id", "created_at", "seq")`,
    `CREATE INDEX "ix_partner_activities_user" ON "partner_activities" ("tenant_id", "user_id", "seq")`,
    `CREATE INDEX "ix_partner_activities_action" ON "partner_activities" ("tenant_id", "action", "seq")`,
    `CREATE INDEX "ix_partner_activities_resource" ON "partner_activities" ("tenant_id", "resource", "resource_id", "seq")`,
    `CREATE INDEX "ix_partner_activities_partner" ON "partner_activities" ("tenant_id", "partner_id", "seq")`,
    `CREATE TABLE "activity_heads" (
      "tenant_id" uuid NOT NULL,
      "seq" bigint NOT NULL,
      "hash" text COLLATE "C" NOT NULL,
      CONSTRAINT "ck_activity_heads_seq" CHECK (seq >= 0),
      CONSTRAINT "fk_activity_heads_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_activity_heads" PRIMARY KEY ("tenant_id")
    )`,
    ...appendOnly('partner_activities'),
    ...tenantFence('partner_activities'),
    ...tenantFence('activity_heads'),
  ],
};
