import type { Outputs } from '#contract/index.ts';
import type { StaffRole } from '#domain/vocabulary.ts';

export type StaffMember = Outputs['staff']['list']['items'][number];

/** What each role is called and what it may do (`domain.md`, "People"). */
export const roleWords: Record<StaffRole, { label: string; may: string }> = {
  admin: { label: 'Administrator', may: 'Everything, but never approves own work while four eyes are on.' },
  partner_manager: {
    label: 'Partner manager',
    may: 'Registers and edits partners and sources, submits and imports leads, requests credits.',
  },
  lead_reviewer: {
    label: 'Lead reviewer',
    may: 'Works the queue: claims, corrects, approves, rejects and converts leads.',
  },
  policy_manager: { label: 'Policy manager', may: 'Writes, tries out and deactivates credit policies.' },
  approver: {
    label: 'Approver',
    may: 'Approves or rejects partners, policies, credits and payouts; verifies bank details.',
  },
  finance: {
    label: 'Finance',
    may: 'Generates payouts, records payments, exports, reads the ledger.',
  },
  auditor: { label: 'Auditor', may: 'Reads and verifies everything, changes nothing.' },
};
