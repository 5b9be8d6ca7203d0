import sql, { join, type Sql } from 'sql-template-tag';
import { payabilityReasons } from '#domain/payability.ts';
import { minimumPayoutOf } from '#domain/payouts.ts';
import type { HostContext } from '../../context.ts';
import type { TenantSettings } from '../../session.ts';
import { requireOwn } from '../own-partner.ts';
import type { Service } from '../service.ts';
import { bankingProblems } from './banking.ts';
import { requirePartner } from './wire.ts';

/** What keeps a partner from being paid, by the rule the payment itself is refused by (`domain/payability.ts`). */
export function partnerPayability(host: HostContext): Pick<Service<'partners'>, 'payability'> {
  return {
    payability: (session, { id }) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        requireOwn(session, id);
        const partner = await requirePartner(reader, id);
        const reasons = payabilityReasons({
          ...partner,
          isDeleted: partner.deletedAt !== null,
          bankingProblems: bankingProblems(partner),
          minimumPayout: minimumPayoutOf(partner, session.tenant.settings.minimumPayouts),
        });
        return { payable: reasons.every(({ stops }) => stops === 'nothing'), reasons };
      }),
  };
}

/**
 * The same answer for a row of `partners` that is not deleted, in SQL, for the filter of their list: a test asks both. Verified
 * details are complete, for only complete ones can be verified and a change takes the verification away.
 */
export function isPayable({ minimumPayouts }: Pick<TenantSettings, 'minimumPayouts'>): Sql {
  const cases = Object.entries(minimumPayouts).map(
    ([currency, least]) => sql`when ${currency} then cast(${least} as bigint)`,
  );
  const ofCurrency = cases.length === 0 ? sql`0` : sql`case currency ${join(cases, ' ')} else 0 end`;
  const least = sql`coalesce(minimum_payout, ${ofCurrency})`;
  // `|| ''` as in the list itself: the index of the statuses would have to be sorted.
  return sql`(status || '' = 'active' and banking_is_verified
    and (${least} = 0 or available_balance >= ${least}))`;
}
