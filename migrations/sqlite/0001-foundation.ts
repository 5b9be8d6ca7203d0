import type { Migration } from '../types.ts';

export const foundation: Migration = {
  number: 1,
  name: 'foundation',
  up: [
    `CREATE TABLE "tenants" (
      "id" TEXT NOT NULL,
      "organization_name" TEXT NOT NULL,
      "currency" TEXT NOT NULL,
      "time_zone" TEXT NOT NULL,
      "settings" TEXT NOT NULL,
      "version" INTEGER NOT NULL,
      "created_at" TEXT NOT NULL,
      "updated_at" TEXT NOT NULL,
      CONSTRAINT "pk_tenants" PRIMARY KEY ("id")
    ) STRICT`,
    `CREATE TABLE "staff" (
      "id" TEXT NOT NULL,
      "tenant_id" TEXT NOT NULL,
      "email" TEXT NOT NULL,
      "email_key" TEXT NOT NULL,
      "first_name" TEXT NOT NULL,
      "last_name" TEXT NOT NULL,
      "password_hash" TEXT NOT NULL,
      "roles" TEXT NOT NULL,
      "is_active" INTEGER NOT NULL,
      "failed_attempts" INTEGER NOT NULL,
      "locked_until" TEXT,
      "last_login" TEXT,
      "created_by" TEXT,
      "version" INTEGER NOT NULL,
      "created_at" TEXT NOT NULL,
      "updated_at" TEXT NOT NULL,
      "deleted_at" TEXT,
      CONSTRAINT "ck_staff_failed_attempts" CHECK (failed_attempts >= 0),
      CONSTRAINT "fk_staff_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_staff" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`,
    `CREATE UNIQUE INDEX "ux_staff_email" ON "staff" ("email_key", "tenant_id")`,
    `CREATE TABLE "sessions" (
      "id" TEXT NOT NULL,
      "tenant_id" TEXT NOT NULL,
      "token_hash" TEXT NOT NULL,
      "user_kind" TEXT NOT NULL,
      "user_id" TEXT NOT NULL,
      "created_at" TEXT NOT NULL,
      "expires_at" TEXT NOT NULL,
      "last_seen_at" TEXT NOT NULL,
      "revoked_at" TEXT,
      "station" TEXT,
      CONSTRAINT "ck_sessions_user_kind" CHECK (user_kind IN ('staff', 'partner_user')),
      CONSTRAINT "fk_sessions_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_sessions" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`,
    `CREATE UNIQUE INDEX "ux_sessions_token" ON "sessions" ("token_hash")`,
    `CREATE INDEX "ix_sessions_user" ON "sessions" ("tenant_id", "user_id")`,
    `CREATE TABLE "commands" (
      "tenant_id" TEXT NOT NULL,
      "command_id" TEXT NOT NULL,
      "name" TEXT NOT NULL,
      "input_hash" TEXT NOT NULL,
      "result" TEXT,
      "created_at" TEXT NOT NULL,
      CONSTRAINT "fk_commands_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_commands" PRIMARY KEY ("tenant_id", "command_id")
    ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE "number_sequences" (
      "tenant_id" TEXT NOT NULL,
      "name" TEXT NOT NULL,
      "value" INTEGER NOT NULL,
      CONSTRAINT "ck_number_sequences_value" CHECK (value >= 0),
      CONSTRAINT "fk_number_sequences_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_number_sequences" PRIMARY KEY ("tenant_id", "name")
    ) STRICT, WITHOUT ROWID`,
  ],
};
