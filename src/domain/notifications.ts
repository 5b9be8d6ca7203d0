import { formatMinor } from './money.ts';

/**
 * What people are told, as a table: whom each event is for, what is known of it, how it reads in the app, and what its
 * e-mail says until an organization writes its own. The service, the contract, the templates and the screens read it.
 */

/**
 * Whom an event is for. A staff role stands for everybody who holds it, and for `admin`, who holds every permission;
 * `partner` for all users of the partner concerned, `partner_admins` for those who run it. `invited` is one person who can't sign
 * in yet: told by e-mail alone, and with nothing to switch off.
 */
export type AudienceName =
  | 'lead_reviewer'
  | 'partner_manager'
  | 'policy_manager'
  | 'approver'
  | 'finance'
  | 'partner'
  | 'partner_admins'
  | 'invited';

/**
 * What a variable is: `text` always has words, `note` may be empty (null), `money` is in minor units of the variable
 * `currency`, `score` is 0 to 100, `day` is YYYY-MM-DD, `link` an address that lets in whoever has it: it is in no stored data, and an e-mail
 * without it is of no use.
 */
export type VariableKind = 'text' | 'note' | 'count' | 'score' | 'money' | 'day' | 'link';

export interface EventDefinition {
  /** How lists and preferences call it. */
  readonly label: string;
  /** What its `resourceId` is of. */
  readonly resource: string;
  readonly audience: readonly AudienceName[];
  readonly variables: Readonly<Record<string, VariableKind>>;
  /** One line, with variables as `{{ name }}`: what the app shows, and the subject of the e-mail. */
  readonly title: string;
  /** The paragraphs of the e-mail under the title; one whose variable is empty is left out. */
  readonly paragraphs: readonly string[];
  /** For previews. */
  readonly sample: Readonly<Record<string, string | number>>;
}

const aLead = { leadName: 'Mara Jensen', partnerName: 'Hafen Immobilien' };
const aPayout = {
  payoutNumber: 'PO-2026-00017',
  partnerName: 'Hafen Immobilien',
  periodStart: '2026-05-01',
  periodEnd: '2026-05-31',
  amount: 126000,
  currency: 'EUR',
};
const payoutVariables = {
  payoutNumber: 'text',
  partnerName: 'text',
  periodStart: 'day',
  periodEnd: 'day',
  amount: 'money',
  currency: 'text',
} as const;
const aLink = {
  invitationLink: 'https://partners.example.com/accept-invitation#b7Yq0',
  validUntil: '2026-06-30',
};
const aCredit = { partnerName: 'Hafen Immobilien', leadName: 'Mara Jensen', amount: 5000, currency: 'EUR' };
const creditVariables = { partnerName: 'text', leadName: 'note', amount: 'money', currency: 'text' } as const;

export const notificationEvents = {
  lead_approved: {
    label: 'Lead approved',
    resource: 'lead',
    audience: ['partner'],
    variables: { leadName: 'text', partnerName: 'text', qualityScore: 'score' },
    title: 'Lead {{ leadName }} was approved',
    paragraphs: ['Your lead {{ leadName }} was approved. Its quality score is {{ qualityScore }}.'],
    sample: { ...aLead, qualityScore: 85.5 },
  },
  lead_rejected: {
    label: 'Lead rejected',
    resource: 'lead',
    audience: ['partner'],
    variables: { leadName: 'text', partnerName: 'text', reason: 'text' },
    title: 'Lead {{ leadName }} was rejected',
    paragraphs: ['Your lead {{ leadName }} was rejected.', 'Reason: {{ reason }}'],
    sample: { ...aLead, reason: 'The phone number belongs to somebody else.' },
  },
  high_quality_lead: {
    label: 'High-quality lead ready for review',
    resource: 'lead',
    audience: ['lead_reviewer'],
    variables: { leadName: 'text', partnerName: 'text', qualityScore: 'score' },
    title: 'High-quality lead {{ leadName }} is ready for review',
    paragraphs: [
      '{{ partnerName }} submitted {{ leadName }} with a quality score of {{ qualityScore }}. The lead is ready for review.',
    ],
    sample: { ...aLead, qualityScore: 92.5 },
  },
  high_quality_leads_imported: {
    label: 'High-quality leads from an import',
    resource: 'import',
    audience: ['lead_reviewer'],
    variables: { leadCount: 'count', partnerName: 'text', fileName: 'text' },
    title: '{{ leadCount }} high-quality leads of {{ partnerName }} are ready for review',
    paragraphs: [
      '{{ leadCount }} leads with a quality score of 80 and above came in from {{ partnerName }} with the file {{ fileName }}.',
    ],
    sample: { leadCount: 420, partnerName: 'Hafen Immobilien', fileName: 'leads-june.csv' },
  },
  payout_awaiting_approval: {
    label: 'Payout awaiting approval',
    resource: 'payout',
    audience: ['approver'],
    variables: payoutVariables,
    title: 'Payout {{ payoutNumber }} of {{ partnerName }} awaits approval',
    paragraphs: [
      'The payout {{ payoutNumber }} of {{ partnerName }} for {{ periodStart }} to {{ periodEnd }} over {{ amount }} {{ currency }} awaits approval.',
    ],
    sample: aPayout,
  },
  payouts_awaiting_approval: {
    label: 'Payouts of a run awaiting approval',
    resource: 'payout',
    audience: ['approver'],
    variables: { payoutCount: 'count', periodStart: 'day', periodEnd: 'day' },
    title: '{{ payoutCount }} payouts for {{ periodStart }} to {{ periodEnd }} await approval',
    paragraphs: ['{{ payoutCount }} payouts for {{ periodStart }} to {{ periodEnd }} await approval.'],
    sample: { payoutCount: 38, periodStart: '2026-05-01', periodEnd: '2026-05-31' },
  },
  payout_approved: {
    label: 'Payout approved',
    resource: 'payout',
    audience: ['partner_admins', 'finance'],
    variables: payoutVariables,
    title: 'Payout {{ payoutNumber }} was approved',
    paragraphs: [
      'The payout {{ payoutNumber }} of {{ partnerName }} for {{ periodStart }} to {{ periodEnd }} was approved over {{ amount }} {{ currency }}.',
    ],
    sample: aPayout,
  },
  payout_partially_approved: {
    label: 'Payout partially approved',
    resource: 'payout',
    audience: ['partner_admins', 'finance'],
    variables: { ...payoutVariables, totalAmount: 'money' },
    title: 'Payout {{ payoutNumber }} was partially approved',
    paragraphs: [
      'Of the payout {{ payoutNumber }} of {{ partnerName }} for {{ periodStart }} to {{ periodEnd }}, {{ amount }} of {{ totalAmount }} {{ currency }} was approved.',
    ],
    sample: { ...aPayout, totalAmount: 150000 },
  },
  payout_rejected: {
    label: 'Payout rejected',
    resource: 'payout',
    audience: ['partner_admins', 'finance'],
    variables: { ...payoutVariables, notes: 'text' },
    title: 'Payout {{ payoutNumber }} was rejected',
    paragraphs: [
      'The payout {{ payoutNumber }} of {{ partnerName }} for {{ periodStart }} to {{ periodEnd }} over {{ amount }} {{ currency }} was rejected.',
      'Reason: {{ notes }}',
    ],
    sample: { ...aPayout, notes: 'The period is not closed yet.' },
  },
  payout_paid: {
    label: 'Payout paid',
    resource: 'payout',
    audience: ['partner_admins', 'finance'],
    variables: { ...payoutVariables, referenceNumber: 'text', paymentDate: 'day', openAmount: 'money' },
    title: '{{ amount }} {{ currency }} was paid for payout {{ payoutNumber }}',
    paragraphs: [
      '{{ amount }} {{ currency }} was paid on {{ paymentDate }} for the payout {{ payoutNumber }} of {{ partnerName }}, reference {{ referenceNumber }}.',
      'Still open: {{ openAmount }} {{ currency }}.',
    ],
    sample: { ...aPayout, referenceNumber: 'SEPA-8812', paymentDate: '2026-06-12', openAmount: 0 },
  },
  payout_cancelled: {
    label: 'Payout cancelled',
    resource: 'payout',
    audience: ['partner_admins', 'finance'],
    variables: { ...payoutVariables, reason: 'text' },
    title: 'Payout {{ payoutNumber }} was cancelled',
    paragraphs: [
      'The approved payout {{ payoutNumber }} of {{ partnerName }} for {{ periodStart }} to {{ periodEnd }} over {{ amount }} {{ currency }} was cancelled. Its credits stay on the balance and come again in a later payout.',
      'Reason: {{ reason }}',
    ],
    sample: { ...aPayout, reason: 'It was made for the wrong period.' },
  },
  payment_failed: {
    label: 'Payment failed',
    resource: 'payout',
    audience: ['partner_admins', 'finance'],
    variables: { ...payoutVariables, referenceNumber: 'text', reason: 'text' },
    title: 'A payment of {{ amount }} {{ currency }} for payout {{ payoutNumber }} failed',
    paragraphs: [
      'The payment of {{ amount }} {{ currency }} for the payout {{ payoutNumber }} of {{ partnerName }}, reference {{ referenceNumber }}, did not arrive. It is open again.',
      'Reason: {{ reason }}',
    ],
    sample: { ...aPayout, referenceNumber: 'SEPA-8812', reason: 'The account was closed.' },
  },
  partner_approved: {
    label: 'Partner approved',
    resource: 'partner',
    audience: ['partner', 'partner_manager'],
    variables: { partnerName: 'text' },
    title: '{{ partnerName }} was approved as a partner',
    paragraphs: ['{{ partnerName }} was approved as a partner and can submit leads.'],
    sample: { partnerName: 'Hafen Immobilien' },
  },
  partner_rejected: {
    label: 'Partner rejected',
    resource: 'partner',
    audience: ['partner', 'partner_manager'],
    variables: { partnerName: 'text', reason: 'text' },
    title: '{{ partnerName }} was rejected as a partner',
    paragraphs: ['{{ partnerName }} was rejected as a partner.', 'Reason: {{ reason }}'],
    sample: { partnerName: 'Hafen Immobilien', reason: 'The tax id could not be verified.' },
  },
  partner_suspended: {
    label: 'Partner suspended',
    resource: 'partner',
    audience: ['partner', 'partner_manager'],
    // Why is the staff's own: the partner's people don't read it of the partner either.
    variables: { partnerName: 'text' },
    title: '{{ partnerName }} was suspended',
    paragraphs: [
      '{{ partnerName }} was suspended. No leads can be submitted and no payouts are paid until this is lifted; the balance stays.',
    ],
    sample: { partnerName: 'Hafen Immobilien' },
  },
  policy_awaiting_approval: {
    label: 'Policy awaiting approval',
    resource: 'policy',
    audience: ['approver'],
    variables: { policyCode: 'text', policyName: 'text', revision: 'count' },
    title: 'Policy {{ policyCode }} awaits approval',
    paragraphs: [
      'Revision {{ revision }} of the policy {{ policyName }} ({{ policyCode }}) awaits approval.',
    ],
    sample: { policyCode: 'TIER-2026', policyName: 'Tiers 2026', revision: 2 },
  },
  policy_approved: {
    label: 'Policy approved',
    resource: 'policy',
    audience: ['policy_manager'],
    variables: { policyCode: 'text', policyName: 'text', revision: 'count' },
    title: 'Policy {{ policyCode }} was approved',
    paragraphs: ['Revision {{ revision }} of the policy {{ policyName }} ({{ policyCode }}) was approved.'],
    sample: { policyCode: 'TIER-2026', policyName: 'Tiers 2026', revision: 2 },
  },
  credit_awaiting_decision: {
    label: 'Credit awaiting a decision',
    resource: 'credit',
    audience: ['approver'],
    variables: { ...creditVariables, reason: 'note' },
    title: 'A credit of {{ amount }} {{ currency }} for {{ partnerName }} awaits a decision',
    paragraphs: [
      'A credit of {{ amount }} {{ currency }} for {{ partnerName }} awaits a decision.',
      'Lead: {{ leadName }}',
      'Reason: {{ reason }}',
    ],
    sample: { ...aCredit, reason: 'Agreed at the fair.' },
  },
  credit_approved: {
    label: 'Credit approved',
    resource: 'credit',
    audience: ['partner'],
    variables: creditVariables,
    title: 'A credit of {{ amount }} {{ currency }} was approved',
    paragraphs: [
      'A credit of {{ amount }} {{ currency }} for {{ partnerName }} was approved.',
      'Lead: {{ leadName }}',
    ],
    sample: aCredit,
  },
  credit_rejected: {
    label: 'Credit rejected',
    resource: 'credit',
    audience: ['partner'],
    variables: { ...creditVariables, reason: 'text' },
    title: 'A credit of {{ amount }} {{ currency }} was rejected',
    paragraphs: [
      'A credit of {{ amount }} {{ currency }} for {{ partnerName }} was rejected.',
      'Lead: {{ leadName }}',
      'Reason: {{ reason }}',
    ],
    sample: { ...aCredit, reason: 'The lead was credited before.' },
  },
  credit_reversed: {
    label: 'Credit taken back',
    resource: 'credit',
    audience: ['partner'],
    variables: { ...creditVariables, reason: 'text' },
    title: '{{ amount }} {{ currency }} of a credit was taken back',
    paragraphs: [
      '{{ amount }} {{ currency }} of a credit for {{ partnerName }} was taken back.',
      'Lead: {{ leadName }}',
      'Reason: {{ reason }}',
    ],
    sample: { ...aCredit, reason: 'The deal fell through.' },
  },
  bank_details_changed: {
    label: 'Bank details changed',
    resource: 'partner',
    audience: ['approver'],
    variables: { partnerName: 'text' },
    title: 'The bank details of {{ partnerName }} were changed',
    paragraphs: [
      'The bank details of {{ partnerName }} were changed. They have to be verified before the next payment.',
    ],
    sample: { partnerName: 'Hafen Immobilien' },
  },
  partner_user_invited: {
    label: 'Invitation',
    resource: 'partner_user',
    audience: ['invited'],
    variables: { partnerName: 'text', invitationLink: 'link', validUntil: 'day' },
    title: 'Your access for {{ partnerName }}',
    paragraphs: [
      'You were invited to work for {{ partnerName }}. Choose a password to get in: {{ invitationLink }}',
      'The link works once, until {{ validUntil }}. If you did not expect it, leave it alone.',
    ],
    sample: { partnerName: 'Hafen Immobilien', ...aLink },
  },
  password_link_sent: {
    label: 'Link for a new password',
    resource: 'partner_user',
    audience: ['invited'],
    variables: { partnerName: 'text', invitationLink: 'link', validUntil: 'day' },
    title: 'A new password for {{ partnerName }}',
    paragraphs: [
      'Choose a new password for your work for {{ partnerName }}: {{ invitationLink }}',
      'The link works once, until {{ validUntil }}; your password stays until then. If you did not ask for it, leave it alone and tell us.',
    ],
    sample: { partnerName: 'Hafen Immobilien', ...aLink },
  },
} as const satisfies Record<string, EventDefinition>;

export type NotificationEvent = keyof typeof notificationEvents;

export const notificationEventNames = Object.keys(notificationEvents) as NotificationEvent[];

type ValueOf<K extends VariableKind> = K extends 'text' | 'day' | 'link'
  ? string
  : K extends 'note'
    ? string | null
    : number;
type VariablesOf<E extends NotificationEvent> = (typeof notificationEvents)[E]['variables'];

/** Where an e-mail stands: waiting for its turn, with a sender, or at its end. */
export const outboxStatuses = ['queued', 'sending', 'sent', 'failed', 'skipped'] as const;

/** What a notification of an event is told with; money in minor units. */
export type NotificationData<E extends NotificationEvent = NotificationEvent> = {
  [K in keyof VariablesOf<E>]: VariablesOf<E>[K] extends VariableKind ? ValueOf<VariablesOf<E>[K]> : never;
};

/** Data of any event, as stored. */
export type StoredNotificationData = Record<string, string | number | null>;

export function isNotificationEvent(name: string): name is NotificationEvent {
  return Object.hasOwn(notificationEvents, name);
}

/** The event's entry, as any event's. */
export function definitionOf(event: NotificationEvent): EventDefinition {
  return notificationEvents[event];
}

/**
 * The variables of an event in words: amounts in the currency's own decimals, what is empty as an empty text. Only what
 * the event's entry names, whatever else is in the data.
 */
export function variablesInWords(
  event: NotificationEvent,
  data: StoredNotificationData,
): Record<string, string> {
  const currency = data['currency'];
  const words: Record<string, string> = {};
  for (const [name, kind] of Object.entries(definitionOf(event).variables)) {
    const value = data[name] ?? null;
    if (value === null) words[name] = '';
    else if (kind === 'money' && typeof value === 'number' && typeof currency === 'string') {
      words[name] = formatMinor(value, currency);
    } else words[name] = String(value);
  }
  return words;
}

/** A line of the table with its variables filled in. */
function filled(line: string, words: Readonly<Record<string, string>>): string {
  return line.replaceAll(/\{\{ (\w+) \}\}/g, (_match, name: string) => words[name] ?? '');
}

/** What the app shows for a notification: one line. */
export function notificationTitle(event: NotificationEvent, data: StoredNotificationData): string {
  return filled(notificationEvents[event].title, variablesInWords(event, data));
}
