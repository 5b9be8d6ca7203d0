import { isTimeZone } from '#domain/calendar.ts';
import { isCountryCode } from '#domain/countries.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import { isCurrency } from '#domain/money.ts';
import { defaultScoreWeights, type ScoreWeights, validateScoreWeights } from '#domain/quality-score.ts';
import type { HostContext } from '../../context.ts';
import { tenants } from '../../database/index.ts';
import type { Tenant, TenantSettings } from '../../session.ts';
import { command } from '../command.ts';
import { checkedPayerSettings, defaultPayerSettings } from '../payout-exports/payer-settings.ts';
import type { Output, Service } from '../service.ts';

export const defaultSettings: TenantSettings = {
  fourEyes: true,
  secondApprovalThreshold: null,
  secondApprovalThresholds: {},
  holdingDays: 0,
  minimumPayouts: {},
  duplicateHandling: 'flag',
  protectionDays: 0,
  protectionHandling: 'refuse',
  reviewHours: 24,
  escalationHours: 48,
  claimLeaseMinutes: 15,
  defaultCountry: null,
  scoreWeights: defaultScoreWeights,
  ...defaultPayerSettings,
  requireSecondFactor: false,
  publicUrl: null,
  notificationDays: 180,
};

/** Settings as stored, with today's defaults for what was not known when they were written. */
export function readSettings(stored: Partial<TenantSettings>): TenantSettings {
  return { ...defaultSettings, ...stored };
}

function toWire(tenant: Tenant): Output<'settings', 'get'> {
  return {
    organizationName: tenant.organizationName,
    currency: tenant.currency,
    timeZone: tenant.timeZone,
    version: tenant.version,
    ...tenant.settings,
    scoreWeights: { ...tenant.settings.scoreWeights },
    secondApprovalThresholds: { ...tenant.settings.secondApprovalThresholds },
    minimumPayouts: { ...tenant.settings.minimumPayouts },
  };
}

function readWeights(input: unknown): ScoreWeights {
  const checked = validateScoreWeights(input);
  if (checked.ok) return checked.weights;
  const [first] = checked.fields;
  throw new DomainError('VALIDATION', first?.message ?? 'The score weights are not right.', {
    fields: checked.fields,
  });
}

/** Throws `VALIDATION` for an amount of a currency that is none. */
function requireCurrencies(path: string, amounts: Readonly<Record<string, number>> | undefined): void {
  const unknown = Object.keys(amounts ?? {}).find((code): boolean => !isCurrency(code));
  if (unknown !== undefined) throw invalidField(path, `${unknown} is not the code of a currency.`);
}

export function settingsService(host: HostContext): Service<'settings'> {
  return {
    get: async (session) => toWire(session.tenant),

    update: (session, input) =>
      command(host, session, { name: 'settings.update', input }, async ({ tx, record }) => {
        const { version, commandId: _, organizationName, timeZone, scoreWeights, ...changes } = input;
        if (timeZone !== undefined && !isTimeZone(timeZone)) {
          throw invalidField('timeZone', 'This time zone is not known. Use one such as Europe/Berlin.');
        }
        if (typeof changes.defaultCountry === 'string' && !isCountryCode(changes.defaultCountry)) {
          throw invalidField('defaultCountry', 'This is no country code such as DE or US.');
        }
        requireCurrencies('minimumPayouts', changes.minimumPayouts);
        requireCurrencies('secondApprovalThresholds', changes.secondApprovalThresholds);
        const row = await tx.find(tenants, { id: session.tenantId }, { lock: true });
        if (row === undefined) throw new Error('The session names an organization that does not exist.');
        const before = readSettings(row.settings);
        if (version !== undefined && version !== row.version) {
          throw new DomainError('CONFLICT', 'The settings were changed by someone else in the meantime.', {
            current: toWire({ ...row, settings: before }),
          });
        }
        if (changes.secondApprovalThresholds?.[row.currency] !== undefined) {
          const message = `For ${row.currency}, set secondApprovalThreshold: it is your own currency.`;
          throw invalidField('secondApprovalThresholds', message);
        }
        const settings: TenantSettings = {
          ...before,
          ...changes,
          ...checkedPayerSettings(changes),
          ...(scoreWeights !== undefined && { scoreWeights: readWeights(scoreWeights) }),
        };
        if (settings.escalationHours < settings.reviewHours) {
          throw invalidField('escalationHours', "Leads can't be escalated before they are due.");
        }
        const after = await tx.update(
          tenants,
          { id: session.tenantId, version: row.version },
          {
            settings: { ...settings },
            ...(organizationName !== undefined && { organizationName }),
            ...(timeZone !== undefined && { timeZone }),
          },
        );
        record({
          action: 'settings_changed',
          resource: 'settings',
          resourceId: session.tenantId,
          details: {
            before: { ...before, organizationName: row.organizationName, timeZone: row.timeZone },
            after: { ...settings, organizationName: after.organizationName, timeZone: after.timeZone },
          },
        });
        return toWire({ ...after, settings });
      }),
  };
}
