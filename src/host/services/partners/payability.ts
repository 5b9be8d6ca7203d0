import { payabilityReasons } from '#domain/payability.ts';
import { minimumPayoutOf } from '#domain/payouts.ts';
import type { HostContext } from '../../context.ts';
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
