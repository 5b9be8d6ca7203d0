import type { Kind, Rows } from './one-of-each.ts';
import { leadData } from './services/credit-stories.ts';
import { june } from './services/payout-stories.ts';

interface Spec {
  /** An input that is right in every field, with one's own ids. */
  input: (own: Rows) => Promise<object>;
  /** What stands behind each field that takes an id. */
  fields: Record<string, Kind>;
  /**
   * What a foreign id is answered with: NOT_FOUND unless told; a filter finds nothing, a bulk tells it per id. By field where
   * they differ.
   */
  answer?: ForeignAnswer | Record<string, ForeignAnswer>;
}

export type ForeignAnswer = 'NOT_FOUND' | 'nothing' | 'outcome' | 'VALIDATION';

/** `id` of this kind, and the rest of the input. */
const byId = (kind: Kind, rest: object = {}): Spec => ({
  input: async (own) => ({ ...rest, id: await own.id(kind) }),
  fields: { id: kind },
});
const filters = (fields: Record<string, Kind>): Spec => ({
  input: async () => ({}),
  fields,
  answer: 'nothing',
});
/** Not a filter of rows: the figures of a partner who isn't there are no figures. */
const ofPartner: Spec = {
  input: async (own) => ({ partnerId: await own.id('partner') }),
  fields: { partnerId: 'partner' },
};
const byUpload = (rest: object = {}): Spec => ({
  input: async (own) => ({ ...rest, uploadId: await own.id('upload') }),
  fields: { uploadId: 'upload' },
});
const importing: Spec = {
  input: async (own) => ({
    partnerId: await own.id('partner'),
    uploadId: await own.id('upload'),
    again: true,
  }),
  fields: { partnerId: 'partner', uploadId: 'upload' },
};
const bulk = (kind: Kind, action: string): Spec => ({
  input: async (own) => ({ action, ids: [await own.id(kind)] }),
  fields: { ids: kind },
  answer: 'outcome',
});
const aSource = { sourceType: 'vendor_reference', sourceName: 'Fair' };
const aPolicy = {
  policyName: 'Fixed price',
  policyType: 'time_based',
  timeUnitType: 'monthly',
  calculationType: 'fixed_price',
  baseCredit: 100,
};
const exporting = (how: object): Spec => ({
  input: async (own) => ({ payoutIds: [await own.id('payout')], ...how }),
  fields: { payoutIds: 'payout' },
});
const simulating: Spec = {
  input: async (own) => ({
    policy: { id: await own.id('policy'), sourceId: await own.id('source') },
    leads: [await own.id('lead')],
  }),
  fields: {
    'policy.id': 'policy',
    'policy.sourceId': 'source',
    'policy.partnerId': 'partner',
    leads: 'lead',
    'leads.id': 'lead',
  },
};
let serial = 0;

/** The ways in which a foreign id may be answered. */
export const answers = {
  NOT_FOUND: { code: 'NOT_FOUND' },
  VALIDATION: { code: 'VALIDATION' },
  nothing: { code: undefined, value: { items: [], nextCursor: null } },
  outcome: { value: { outcomes: [{ ok: false, code: 'NOT_FOUND' }] } },
};

/** What a foreign id in this field is answered with. */
export function answerFor({ answer }: Spec, field: string): ForeignAnswer {
  return (typeof answer === 'object' ? answer[field] : answer) ?? 'NOT_FOUND';
}

const viewFields = {
  'filters.partnerId': 'partner',
  'filters.sourceId': 'source',
  'filters.importId': 'import',
} as const;
const viewFilters = async (own: Rows) => ({
  partnerId: await own.id('partner'),
  sourceId: await own.id('source'),
  importId: await own.id('import'),
});

/** Every field of the contract that takes an id, by the path of its procedure. */
export const foreignIds: Record<string, Spec> = {
  'staff.update': byId('staff', { firstName: 'Ada' }),
  'staff.resetSecondFactor': byId('staff', { reason: 'lost' }),
  'account.endSession': byId('session'),
  'partnerUsers.list': byId('partner'),
  'partnerUsers.create': {
    input: async (own) => ({
      id: await own.id('partner'),
      email: `new-${++serial}@example.com`,
      firstName: 'Ada',
      lastName: 'Winter',
      role: 'viewer',
    }),
    fields: { id: 'partner' },
  },
  'partnerUsers.get': byId('partnerUser'),
  'partnerUsers.update': byId('partnerUser', { firstName: 'Ada' }),
  'partnerUsers.invite': byId('partnerUser'),
  'partnerUsers.setPassword': byId('partnerUser', { password: 'a long enough one' }),
  'partnerUsers.resetSecondFactor': byId('partnerUser', { reason: 'lost' }),
  'partnerUsers.deactivate': byId('partnerUser'),
  'partners.get': byId('partner'),
  'partners.update': byId('partner', { city: 'Berlin' }),
  'partners.approve': byId('partner'),
  'partners.reject': byId('partner', { reason: 'no' }),
  'partners.suspend': byId('partner', { reason: 'no' }),
  'partners.deactivate': byId('partner', { reason: 'no' }),
  'partners.reactivate': byId('partner'),
  'partners.reapply': byId('partner'),
  'partners.verifyBanking': byId('partner'),
  'partners.revealBanking': byId('partner'),
  'partners.stats': byId('partner'),
  'partners.monthlyStats': byId('partner', { year: 2026, month: 6 }),
  'partners.ledger': byId('partner'),
  'partners.payability': byId('partner'),
  'partnerDocuments.list': byId('partner'),
  'partnerDocuments.get': byId('document'),
  'partnerDocuments.add': {
    input: async (own) => ({
      id: await own.id('partner'),
      uploadId: await own.id('upload'),
      name: 'Tax',
      kind: 'tax',
    }),
    fields: { id: 'partner', uploadId: 'upload' },
  },
  'partnerDocuments.upload': {
    input: async (own) => ({
      params: { id: await own.id('partner') },
      query: { name: 'Tax', kind: 'tax' },
      body: { uploadId: await own.id('upload') },
    }),
    fields: { 'params.id': 'partner', 'body.uploadId': 'upload' },
  },
  'partnerDocuments.review': byId('document'),
  'partnerDocuments.remove': byId('spareDocument'),
  'partnerDocuments.download': byId('document'),
  'partnerDocuments.read': byId('document', { offset: 0 }),
  'figures.series': ofPartner,
  'figures.bySource': ofPartner,
  'figures.scoreDistribution': ofPartner,
  'figures.approvalTimes': ofPartner,
  'figures.comparison': byId('partner'),
  'sources.list': byId('partner'),
  'sources.create': byId('partner', aSource),
  'sources.get': byId('source'),
  'sources.update': byId('source', { sourceName: 'Stall' }),
  'sources.deactivate': byId('source'),
  'sources.stats': {
    input: async (own) => ({ id: await own.id('partner'), sourceId: await own.id('source') }),
    fields: { id: 'partner', sourceId: 'source' },
  },
  'sources.statsOfPartner': byId('partner'),
  'leads.preview': {
    input: async (own) => ({
      id: await own.id('partner'),
      sourceId: await own.id('source'),
      leadData: leadData[70](),
    }),
    fields: { id: 'partner', sourceId: 'source' },
  },
  'leads.submit': {
    input: async (own) => ({
      id: await own.id('partner'),
      sourceId: await own.id('source'),
      leadData: leadData[70](),
    }),
    fields: { id: 'partner', sourceId: 'source' },
  },
  'leads.list': filters({ partnerId: 'partner', sourceId: 'source', importId: 'import' }),
  'leads.reviewQueue': filters({ partnerId: 'partner', sourceId: 'source', importId: 'import' }),
  'leads.get': byId('lead'),
  'leads.update': {
    input: async (own) => ({ id: await own.id('lead'), sourceId: await own.id('source') }),
    fields: { id: 'lead', sourceId: 'source' },
  },
  'leads.claim': byId('lead'),
  'leads.release': byId('lead'),
  'leads.approve': {
    input: async (own) => ({ id: await own.id('lead'), actualLeadId: await own.id('entry') }),
    fields: { id: 'lead', actualLeadId: 'entry' },
  },
  'leads.reject': byId('lead', { reason: 'no' }),
  'leads.convert': byId('lead', { dealValue: 100, conversionDate: '2026-06-15' }),
  'leads.withdrawConversion': byId('lead', { reason: 'no' }),
  'leads.assign': {
    input: async (own) => ({ id: await own.id('newLead'), reviewerId: await own.id('staff') }),
    fields: { id: 'lead', reviewerId: 'staff' },
  },
  'leads.notDuplicate': byId('lead', { reason: 'no' }),
  'leads.scores': byId('lead'),
  'leads.notes': byId('lead'),
  'leads.addNote': byId('lead', { body: 'Called back.' }),
  'leads.bulk': {
    input: async (own) => ({
      action: 'assign',
      ids: [await own.id('newLead')],
      reviewerId: await own.id('staff'),
    }),
    fields: { ids: 'lead', reviewerId: 'staff' },
    answer: 'outcome',
  },
  'leadScoring.weights': byId('partner'),
  'leadScoring.setWeights': byId('partner', { scoreWeights: null }),
  'leadScoring.rescore': {
    input: async (own) => ({ partnerId: await own.id('partner') }),
    fields: { partnerId: 'partner' },
  },
  'leadEntries.list': filters({ partnerId: 'partner' }),
  'leadEntries.get': byId('entry'),
  'savedViews.create': {
    input: async (own) => ({
      list: 'leads',
      name: `Mine ${++serial}`,
      filters: await viewFilters(own),
    }),
    fields: viewFields,
  },
  'savedViews.update': {
    input: async (own) => ({ id: await own.id('view'), filters: await viewFilters(own) }),
    fields: { id: 'view', ...viewFields },
  },
  'savedViews.remove': byId('view'),
  'leads.policyMappings': byId('lead'),
  'leads.applicablePolicies': byId('lead'),
  'uploads.append': byUpload({ offset: 0, data: '' }),
  'uploads.discard': byUpload(),
  'imports.inspect': importing,
  'imports.run': importing,
  'imports.upload': {
    input: async (own) => ({
      params: { id: await own.id('partner') },
      query: { again: true },
      body: { uploadId: await own.id('upload') },
    }),
    fields: { 'params.id': 'partner', 'body.uploadId': 'upload' },
  },
  'imports.list': filters({ partnerId: 'partner' }),
  'imports.get': byId('import'),
  'imports.rejectedRows': byId('import'),
  // What takes an id within the input of a job is tried in jobs.test.ts, kind by kind.
  'jobs.list': filters({ partnerId: 'partner' }),
  'jobs.get': byId('job'),
  'jobs.watch': byId('job'),
  'jobs.cancel': byId('job'),
  'jobs.resume': byId('job'),
  'projects.get': byId('project'),
  'projects.update': byId('project', { name: 'North' }),
  'projects.deactivate': byId('project'),
  'campaigns.get': byId('campaign'),
  'campaigns.update': byId('campaign', { name: 'Spring' }),
  'campaigns.deactivate': byId('campaign'),
  'creditPolicies.listAll': filters({ partnerId: 'partner' }),
  'creditPolicies.list': byId('partner'),
  'creditPolicies.create': {
    input: async (own) => ({
      ...aPolicy,
      id: await own.id('partner'),
      sourceId: await own.id('source'),
      policyCode: `OWN-${++serial}`,
    }),
    fields: { id: 'partner', sourceId: 'source' },
  },
  'creditPolicies.createForAll': {
    input: async (own) => ({ ...aPolicy, sourceId: await own.id('source'), policyCode: `ALL-${++serial}` }),
    fields: { sourceId: 'source' },
    // A policy for all partners names no source, whosever it is.
    answer: 'VALIDATION',
  },
  'creditPolicies.get': byId('policy'),
  'creditPolicies.update': {
    input: async (own) => ({ id: await own.id('policy'), sourceId: await own.id('source') }),
    fields: { id: 'policy', sourceId: 'source' },
  },
  'creditPolicies.approve': byId('policy'),
  'creditPolicies.deactivate': byId('policy'),
  'creditPolicies.revisions': byId('policy'),
  'creditPolicies.calculateLeadCredit': byId('lead'),
  'creditPolicies.simulate': simulating,
  'creditPolicies.simulateStream': simulating,
  'credits.list': filters({ partnerId: 'partner', partnerLeadId: 'lead' }),
  'credits.get': byId('credit'),
  'credits.request': byId('lead', { creditAmount: 100 }),
  'credits.adjust': {
    input: async (own) => ({
      id: await own.id('partner'),
      leadId: await own.id('lead'),
      kind: 'bonus',
      amount: 100,
      reason: 'A good year.',
    }),
    fields: { id: 'partner', leadId: 'lead' },
  },
  'credits.approve': byId('credit'),
  'credits.reject': byId('credit', { reason: 'no' }),
  'credits.reverse': byId('credit', { reason: 'no' }),
  'credits.bulk': bulk('credit', 'approve'),
  'payouts.create': {
    input: async (own) => ({
      ...june,
      partnerId: await own.id('partner'),
      creditIds: [await own.id('credit')],
    }),
    fields: { partnerId: 'partner', creditIds: 'credit' },
  },
  'payouts.generate': {
    input: async (own) => ({ ...june, partnerId: await own.id('partner') }),
    fields: { partnerId: 'partner' },
  },
  'payouts.generateStream': {
    input: async (own) => ({ ...june, partnerId: await own.id('partner') }),
    fields: { partnerId: 'partner' },
  },
  'payouts.why': {
    input: async (own) => ({ ...june, partnerId: await own.id('partner') }),
    fields: { partnerId: 'partner' },
  },
  'payouts.list': filters({ partnerId: 'partner' }),
  'payouts.get': byId('payout'),
  'payouts.stats': {
    input: async (own) => ({ partnerId: await own.id('partner') }),
    fields: { partnerId: 'partner' },
  },
  'payouts.lines': byId('payout'),
  'payouts.addLine': {
    input: async (own) => ({ id: await own.id('payout'), creditId: await own.id('credit') }),
    fields: { id: 'payout', creditId: 'credit', partnerLeadId: 'lead' },
  },
  'payouts.approveLine': byId('line'),
  'payouts.rejectLine': byId('line', { notes: 'no' }),
  'payouts.decideLines': {
    input: async (own) => ({
      id: await own.id('payout'),
      action: 'approve',
      lineIds: [await own.id('line')],
    }),
    fields: { id: 'payout', lineIds: 'line' },
    answer: { id: 'NOT_FOUND', lineIds: 'outcome' },
  },
  'payouts.failPayment': {
    input: async (own) => ({
      id: await own.id('paidPayout'),
      paymentId: await own.id('payment'),
      reason: 'The account was closed.',
      date: '2026-06-15',
    }),
    fields: { id: 'paidPayout', paymentId: 'payment' },
  },
  'balances.get': byId('partner'),
  'balances.setTerms': byId('partner', { holdingDays: 30 }),
  'balances.statement': byId('partner', { from: '2026-06-01', to: '2026-06-30' }),
  'periods.reopen': byId('period', { reason: 'A credit was forgotten.' }),
  'payouts.approve': byId('payout'),
  'payouts.reject': byId('payout', { notes: 'no' }),
  'payouts.cancel': byId('payout', { reason: 'no' }),
  'payouts.pay': byId('payout', { paymentDate: '2026-06-15', referenceNumber: 'X' }),
  'payouts.payments': byId('payout'),
  'payouts.export': exporting({ layout: 'payouts' }),
  'payoutExports.preview': exporting({ format: 'csv_payouts' }),
  'payoutExports.create': exporting({ format: 'csv_payouts' }),
  'payoutExports.read': byId('export', { offset: 0 }),
  'payoutExports.file': byId('export'),
  'remittances.statement': byId('payout', { format: 'html' }),
  'remittances.read': byId('payout', { format: 'html', offset: 0 }),
  'notifications.read': byId('notification'),
  'mail.retry': byId('mail'),
  'activities.list': filters({ actorId: 'staff', resourceId: 'payout', partnerId: 'partner' }),
};
