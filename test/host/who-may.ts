/**
 * Who may make which call, as `domain.md` says in "People", written down once more: the table of permissions and what each call of
 * the contract declares must come to the same. A call that is in here nowhere fails the test (`permissions.test.ts`), and so does one that
 * somebody opened to more people than these. The staff's `admin` may everything and is not repeated.
 */
interface Holders {
  staff: string;
  /** Roles of a partner's own people, for their own partner. */
  partner: string;
  calls: string;
}

const everyStaff = 'partner_manager lead_reviewer policy_manager approver finance auditor';

export const whoMay: readonly Holders[] = [
  {
    staff: everyStaff,
    partner: '',
    calls: `
      staff.list settings.get leads.reviewQueue leads.queueCounts leads.scores leads.notes
      leads.policyMappings leads.applicablePolicies leadScoring.weights leadEntries.list leadEntries.get
      jobs.list jobs.get jobs.watch creditPolicies.listAll creditPolicies.calculateLeadCredit
      creditPolicies.revisions payoutExports.list periods.list figures.byPartnerType figures.bySource
      figures.scoreDistribution figures.approvalTimes figures.topPartners notificationTemplates.list
    `,
  },
  {
    staff: everyStaff,
    partner: 'admin',
    calls: `
      partnerDocuments.list partnerDocuments.get partnerDocuments.download partnerDocuments.read
    `,
  },
  {
    staff: everyStaff,
    partner: 'admin lead_manager',
    calls: `
      partnerUsers.list partnerUsers.get partnerUsers.getByEmail
    `,
  },
  {
    staff: everyStaff,
    partner: 'admin lead_manager viewer',
    calls: `
      partners.list partners.get partners.getByCode partners.stats partners.monthlyStats partners.payability
      sources.list sources.get sources.getByCode sources.stats sources.statsOfPartner leads.list leads.get
      imports.list imports.get imports.rejectedRows projects.list projects.get campaigns.list campaigns.get
      creditPolicies.list creditPolicies.get credits.list credits.get payouts.why payouts.list payouts.get
      payouts.stats payouts.lines payouts.payments remittances.statement remittances.read balances.get
      balances.statement figures.series figures.comparison
    `,
  },
  {
    staff: '',
    partner: '',
    calls: `
      staff.create staff.update staff.resetSecondFactor settings.update periods.reopen
      notificationTemplates.update notificationTemplates.reset notificationTemplates.preview
      mail.updateSettings mail.test mail.retry
    `,
  },
  {
    staff: 'approver',
    partner: '',
    calls: `
      partners.approve partners.reject partners.suspend partners.deactivate partners.reactivate
      partners.verifyBanking partnerDocuments.review creditPolicies.approve credits.approve credits.reject
      credits.reverse credits.bulk payouts.approveLine payouts.rejectLine payouts.decideLines
      payouts.approve
    `,
  },
  {
    staff: 'auditor',
    partner: '',
    calls: `
      mail.settings mail.outbox activities.verify
    `,
  },
  {
    staff: 'finance',
    partner: '',
    calls: `
      payouts.create payouts.generate payouts.generateStream payouts.addLine payouts.pay payouts.failPayment
      payouts.export payoutExports.preview payoutExports.create payoutExports.read payoutExports.file
      balances.setTerms periods.close ledger.journal
    `,
  },
  {
    staff: 'lead_reviewer',
    partner: '',
    calls: `
      leads.claim leads.release leads.assign leads.approve leads.reject leads.convert
      leads.withdrawConversion leads.notDuplicate leads.bulk leadScoring.rescore leadEntries.create
    `,
  },
  {
    staff: 'lead_reviewer',
    partner: 'admin lead_manager',
    calls: `
      leads.update
    `,
  },
  {
    staff: 'partner_manager',
    partner: '',
    calls: `
      partners.create partners.reapply partnerDocuments.remove sources.create sources.update
      sources.deactivate leads.preview leadScoring.setWeights
    `,
  },
  {
    staff: 'partner_manager',
    partner: 'admin',
    calls: `
      partners.update partnerUsers.create partnerUsers.update partnerUsers.invite partnerUsers.setPassword
      partnerUsers.deactivate partnerUsers.resetSecondFactor partnerDocuments.add partnerDocuments.upload
    `,
  },
  {
    staff: 'partner_manager',
    partner: 'admin lead_manager',
    calls: `
      leads.submit uploads.begin uploads.append uploads.discard imports.inspect imports.run imports.upload
      credits.request
    `,
  },
  {
    staff: 'policy_manager',
    partner: '',
    calls: `
      creditPolicies.create creditPolicies.createForAll creditPolicies.update creditPolicies.deactivate
    `,
  },
  {
    staff: 'approver finance',
    partner: '',
    calls: `
      partners.revealBanking payouts.reject payouts.cancel
    `,
  },
  {
    staff: 'finance auditor',
    partner: '',
    calls: `
      partners.ledger ledger.verify
    `,
  },
  {
    staff: 'partner_manager finance',
    partner: '',
    calls: `
      credits.adjust
    `,
  },
  {
    staff: 'partner_manager policy_manager',
    partner: '',
    calls: `
      projects.create projects.update projects.deactivate campaigns.create campaigns.update
      campaigns.deactivate
    `,
  },
  {
    staff: 'approver finance auditor',
    partner: '',
    calls: `
      activities.list
    `,
  },
  {
    staff: 'policy_manager approver auditor',
    partner: '',
    calls: `
      creditPolicies.simulate creditPolicies.simulateStream
    `,
  },
  {
    staff: 'partner_manager lead_reviewer approver finance',
    partner: '',
    calls: `
      leads.addNote
    `,
  },
];
