import type { Migration } from '../types.ts';
import { tenantFence } from './helpers.ts';

export const foundation: Migration = {
  number: 1,
  name: 'foundation',
  up: [
    `CREATE FUNCTION "refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION USING ERRCODE = 'PD001', MESSAGE = 'immutable: ' || TG_TABLE_NAME, TABLE = TG_TABLE_NAME;
      END $$`,
    `CREATE TABLE "tenants" (
      "id" uuid NOT NULL,
      "organization_name" text COLLATE "C" NOT NULL,
      "currency" text COLLATE "C" NOT NULL,
      "time_zone" text COLLATE "C" NOT NULL,
      "settings" jsonb NOT NULL,
      "version" integer NOT NULL,
      "created_at" timestamptz(3) NOT NULL,
      "updated_at" timestamptz(3) NOT NULL,
      CONSTRAINT "pk_tenants" PRIMARY KEY ("id")
    )`,
    `CREATE TABLE "staff" (
      "id" uuid NOT NULL,
      "tenant_id" uuid NOT NULL,
      "email" text COLLATE "C" NOT NULL,
      "email_key" text COLLATE "C" NOT NULL,
      "first_name" text COLLATE "C" NOT NULL,
      "last_name" text COLLATE "C" NOT NULL,
      "password_hash" text COLLATE "C" NOT NULL,
      "roles" jsonb NOT NULL,
      "is_active" boolean NOT NULL,
      "failed_attempts" integer NOT NULL,
      "locked_until" timestamptz(3),
      "last_login" timestamptz(3),
      "created_by" uuid,
      "version" integer NOT NULL,
      "created_at" timestamptz(3) NOT NULL,
      "updated_at" timestamptz(3) NOT NULL,
      "deleted_at" timestamptz(3),
      CONSTRAINT "ck_staff_failed_attempts" CHECK (failed_attempts >= 0),
      CONSTRAINT "fk_staff_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_staff" PRIMARY KEY ("tenant_id", "id")
    )`,
    `CREATE UNIQUE INDEX "ux_staff_email" ON "staff" ("email_key", "tenant_id")`,
    `CREATE TABLE "sessions" (
      "id" uuid NOT NULL,
      "tenant_id" uuid NOT NULL,
      "token_hash" text COLLATE "C" NOT NULL,
      "user_kind" text COLLATE "C" NOT NULL,
      "user_id" uuid NOT NULL,
      "created_at" timestamptz(3) NOT NULL,
      "expires_at" timestamptz(3) NOT NULL,
      "last_seen_at" timestamptz(3) NOT NULL,
      "revoked_at" timestamptz(3),
      "station" text COLLATE "C",
      CONSTRAINT "ck_sessions_user_kind" CHECK (user_kind IN ('staff', 'partner_user')),
      CONSTRAINT "fk_sessions_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_sessions" PRIMARY KEY ("tenant_id", "id")
    )`,
    `CREATE UNIQUE INDEX "ux_sessions_token" ON "sessions" ("token_hash")`,
    `CREATE INDEX "ix_sessions_user" ON "sessions" ("tenant_id", "user_id")`,
    `CREATE TABLE "commands" (
      "tenant_id" uuid NOT NULL,
      "command_id" text COLLATE "C" NOT NULL,
      "name" text COLLATE "C" NOT NULL,
      "input_hash" text COLLATE "C" NOT NULL,
      "result" jsonb,
      "created_at" timestamptz(3) NOT NULL,
      CONSTRAINT "fk_commands_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_commands" PRIMARY KEY ("tenant_id", "command_id")
    )`,
    `CREATE TABLE "number_sequences" (
      "tenant_id" uuid NOT NULL,
      "name" text COLLATE "C" NOT NULL,
      "value" bigint NOT NULL,
      CONSTRAINT "ck_number_sequences_value" CHECK (value >= 0),
      CONSTRAINT "fk_number_sequences_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_number_sequences" PRIMARY KEY ("tenant_id", "name")
    )`,
    ...tenantFence('tenants', 'id'),
    ...tenantFence('staff'),
    ...tenantFence('sessions'),
    ...tenantFence('commands'),
    ...tenantFence('number_sequences'),
  ],
};
