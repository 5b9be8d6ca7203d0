import sql from 'sql-template-tag';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PolicyTerms } from '#domain/credit-policies.ts';
import {
  ConstraintError,
  type Database,
  ledgerPostings,
  partnerActivities,
  partnerCreditPolicies,
  partnerCreditPolicyRevisions,
  partnerLeadCredits,
  partnerLeads,
  partnerPayoutDetails,
  partnerPayoutPayments,
  partnerPayouts,
  partners,
  staff,
  type Writer,
} from '#host/database/index.ts';
import { forEachEngine, testDatabase } from '#test/support/databases.ts';
import {
  aCredit,
  aCreditInPayout,
  aLead,
  aLine,
  anOffice,
  aPartner,
  aPayout,
  aStaffMember,
  type Office,
  post,
  uuidv7,
} from './rows.ts';

forEachEngine((engine) => {
  let database: Database;
  let office: Office;
  let other: Office;

  beforeAll(async () => {
    ({ database } = await testDatabase(engine));
    office = await anOffice(database);
    other = await anOffice(database);
  });

  const write = <T>(fn: (tx: Writer) => Promise<T>): Promise<T> =>
    database.write({ tenantId: office.tenantId }, fn);
  async function refusal(fn: (tx: Writer) => Promise<unknown>): Promise<unknown> {
    const error: unknown = await write(fn).then(
      () => 'accepted',
      (reason: unknown) => reason,
    );
    if (!(error instanceof ConstraintError)) throw new Error(`Not a constraint's refusal: ${String(error)}`);
    const { kind, table, constraint, fields } = error;
    // SQLite names no foreign key.
    return kind === 'foreign_key' ? { kind } : { kind, table, constraint, fields };
  }

  describe('says what was refused in the same words on both engines:', () => {
    it('a code that is taken, also by a deleted partner', async () => {
      const partner = aPartner(office);
      await write((tx) => tx.insert(partners, partner));
      await write((tx) => tx.update(partners, { id: partner.id }, { deletedAt: '2026-01-01T00:00:00.000Z' }));
      expect(
        await refusal((tx) => tx.insert(partners, aPartner(office, { partnerCode: partner.partnerCode }))),
      ).toEqual({
        kind: 'unique',
        table: 'partners',
        constraint: 'ux_partners_code',
        fields: ['partnerCode'],
      });
    });

    it('an id that is taken', async () => {
      expect(await refusal((tx) => tx.insert(partners, aPartner(office, { id: office.partnerId })))).toEqual({
        kind: 'unique',
        table: 'partners',
        constraint: 'pk_partners',
        fields: ['id'],
      });
    });

    it('a word outside the vocabulary', async () => {
      expect(
        await refusal((tx) =>
          tx.run(sql`update partners set status = 'sleeping' where id = ${office.partnerId}`),
        ),
      ).toEqual({ kind: 'check', table: 'partners', constraint: 'ck_partners_status', fields: [] });
    });

    it('a missing value', async () => {
      expect(
        await refusal((tx) =>
          tx.run(sql`update partners set organization_name = null where id = ${office.partnerId}`),
        ),
      ).toEqual({ kind: 'not_null', table: 'partners', constraint: null, fields: ['organizationName'] });
    });

    it('a row that is not there', async () => {
      expect(
        await refusal((tx) => tx.insert(partnerLeads, aLead({ ...office, partnerId: uuidv7() }))),
      ).toEqual({
        kind: 'foreign_key',
      });
    });
  });

  it('lets two tenants have the same code and the same e-mail, but not one', async () => {
    const code = 'HAFEN';
    const emailKey = 'ana@example.com';
    for (const { tenantId, maker } of [office, other]) {
      await database.write({ tenantId }, async (tx) => {
        await tx.insert(partners, aPartner({ maker }, { partnerCode: code }));
        await tx.insert(staff, aStaffMember({ emailKey }));
      });
    }
    expect(await refusal((tx) => tx.insert(staff, aStaffMember({ emailKey })))).toMatchObject({
      kind: 'unique',
      fields: ['emailKey'],
    });
  });

  it('refuses a row that points into another tenant', async () => {
    expect(
      await refusal((tx) => tx.insert(partnerLeads, aLead({ ...office, partnerId: other.partnerId }))),
    ).toEqual({
      kind: 'foreign_key',
    });
    expect(
      await refusal((tx) => tx.insert(partnerLeads, aLead({ ...office, sourceId: other.sourceId }))),
    ).toEqual({
      kind: 'foreign_key',
    });
    expect(
      await refusal((tx) =>
        tx.update(partners, { id: office.partnerId }, { approvedBy: other.checker, fourEyesWaived: true }),
      ),
    ).toEqual({ kind: 'foreign_key' });
  });

  describe('keeps maker and checker apart', () => {
    it('for a partner', async () => {
      const byItself = aPartner(office, { approvedBy: office.maker });
      expect(await refusal((tx) => tx.insert(partners, byItself))).toMatchObject({
        kind: 'check',
        constraint: 'ck_partners_four_eyes',
      });
      await write((tx) => tx.insert(partners, { ...byItself, fourEyesWaived: true }));
      await write((tx) => tx.insert(partners, aPartner(office, { approvedBy: office.checker })));
    });

    it('for bank details', async () => {
      const sameHands = aPartner(office, {
        bankingChangedBy: office.checker,
        bankingVerifiedBy: office.checker,
      });
      expect(await refusal((tx) => tx.insert(partners, sameHands))).toMatchObject({
        constraint: 'ck_partners_banking_four_eyes',
      });
    });

    it('for a credit, unless a policy delegates it', async () => {
      const credit = aCredit(office, { approvedBy: office.maker, status: 'approved' });
      expect(await refusal((tx) => tx.insert(partnerLeadCredits, credit))).toMatchObject({
        constraint: 'ck_partner_lead_credits_four_eyes',
      });
      await write(async (tx) => {
        const policyId = await aPolicy(tx);
        await tx.insert(partnerLeadCredits, { ...credit, delegatedPolicyId: policyId });
      });
    });

    it('for a payout, and its two approvers from each other', async () => {
      for (const [patch, constraint] of [
        [{ approvedBy: office.maker }, 'ck_partner_payouts_four_eyes'],
        [{ firstApprovedBy: office.maker }, 'ck_partner_payouts_four_eyes'],
        [{ firstApprovedBy: office.checker, approvedBy: office.checker }, 'ck_partner_payouts_two_approvers'],
      ] as const) {
        expect(await refusal((tx) => tx.insert(partnerPayouts, aPayout(office, patch)))).toMatchObject({
          constraint,
        });
      }
      await write((tx) => tx.insert(partnerPayouts, aPayout(office, { approvedBy: office.checker })));
    });

    it('for a revision of a policy', async () => {
      await write(async (tx) => {
        const policyId = await aPolicy(tx);
        await tx.insert(partnerCreditPolicyRevisions, aRevision(policyId, { approvedBy: office.checker }));
      });
      expect(
        await refusal(async (tx) => {
          const policyId = await aPolicy(tx);
          await tx.insert(partnerCreditPolicyRevisions, aRevision(policyId, { approvedBy: office.maker }));
        }),
      ).toMatchObject({ constraint: 'ck_partner_credit_policy_revisions_four_eyes' });
    });
  });

  describe('keeps amounts within reason:', () => {
    it.each([
      ['more approved than there is', { approvedAmount: 5001 }],
      ['more paid than approved', { approvedAmount: 4000, paidAmount: 4001 }],
      ['less than nothing paid', { paidAmount: -1 }],
    ])('%s', async (_what, patch) => {
      expect(await refusal((tx) => tx.insert(partnerPayouts, aPayout(office, patch)))).toMatchObject({
        constraint: 'ck_partner_payouts_amounts',
      });
    });

    it('a period that ends before it starts', async () => {
      expect(
        await refusal((tx) => tx.insert(partnerPayouts, aPayout(office, { periodEnd: '2026-02-28' }))),
      ).toMatchObject({ constraint: 'ck_partner_payouts_period' });
    });

    it('a credit below zero that reverses nothing', async () => {
      expect(
        await refusal((tx) => tx.insert(partnerLeadCredits, aCredit(office, { creditAmount: -1 }))),
      ).toMatchObject({ constraint: 'ck_partner_lead_credits_amount' });
    });

    it('a score above 100', async () => {
      expect(
        await refusal((tx) => tx.insert(partnerLeads, aLead(office, { qualityScore: 10_001 }))),
      ).toMatchObject({ constraint: 'ck_partner_leads_score' });
    });
  });

  describe('a credit', () => {
    it('is in one live payout at most', async () => {
      const { payoutId, creditId } = await write((tx) => aCreditInPayout(tx, office));
      const second = aPayout(office);
      await write((tx) => tx.insert(partnerPayouts, second));
      const taken = {
        kind: 'unique',
        constraint: 'ux_partner_payout_details_live_credit',
        fields: ['creditId'],
      };
      expect(
        await refusal((tx) => tx.insert(partnerPayoutDetails, aLine(second.id, creditId))),
      ).toMatchObject(taken);
      await write((tx) =>
        tx.run(sql`update partner_payout_details set released_at = ${'2026-04-02T00:00:00.000Z'}
          where tenant_id = ${office.tenantId} and payout_id = ${payoutId}`),
      );
      await write((tx) => tx.insert(partnerPayoutDetails, aLine(second.id, creditId)));
    });

    it('is in one live payout at most when two are generated at once', async () => {
      const credit = aCredit(office);
      const payouts = [aPayout(office), aPayout(office)];
      await write(async (tx) => {
        await tx.insert(partnerLeadCredits, credit);
        await tx.insertMany(partnerPayouts, payouts);
      });
      const outcomes = await Promise.allSettled(
        payouts.map(({ id }) => write((tx) => tx.insert(partnerPayoutDetails, aLine(id, credit.id)))),
      );
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    it('comes once from a policy for a lead and an event, and once from the partner’s terms', async () => {
      const lead = aLead(office);
      const policyId = await write(async (tx) => {
        await tx.insert(partnerLeads, lead);
        const id = await aPolicy(tx);
        await tx.insert(partnerCreditPolicyRevisions, aRevision(id));
        return id;
      });
      const ofPolicy = () =>
        aCredit(office, {
          origin: 'policy',
          triggerEvent: 'approval',
          partnerLeadId: lead.id,
          policyId,
          policyRevision: 1,
        });
      const ofTerms = () =>
        aCredit(office, { origin: 'partner_terms', triggerEvent: 'approval', partnerLeadId: lead.id });
      await write((tx) => tx.insertMany(partnerLeadCredits, [ofPolicy(), ofTerms()]));
      expect(await refusal((tx) => tx.insert(partnerLeadCredits, ofPolicy()))).toMatchObject({
        constraint: 'ux_partner_lead_credits_policy',
        fields: ['partnerLeadId', 'policyId', 'triggerEvent'],
      });
      expect(await refusal((tx) => tx.insert(partnerLeadCredits, ofTerms()))).toMatchObject({
        constraint: 'ux_partner_lead_credits_terms',
      });
    });

    it('is reversed once', async () => {
      const credit = aCredit(office);
      const reversal = () =>
        aCredit(office, { origin: 'reversal', creditAmount: -5000, reversesCreditId: credit.id });
      await write((tx) => tx.insertMany(partnerLeadCredits, [credit, reversal()]));
      expect(await refusal((tx) => tx.insert(partnerLeadCredits, reversal()))).toMatchObject({
        constraint: 'ux_partner_lead_credits_reversal',
      });
    });
  });

  describe('the ledger', () => {
    it('takes an entry whose postings sum to zero', async () => {
      const entryId = await write((tx) =>
        post(tx, office, [
          { account: 'commission_expense', amount: -1000 },
          { account: 'available', amount: 1000 },
        ]),
      );
      const postings = await database.read({ tenantId: office.tenantId }, (reader) =>
        reader.list(ledgerPostings, sql`entry_id = ${entryId}`),
      );
      expect(postings.reduce((sum, { amount }) => sum + amount, 0)).toBe(0);
    });

    it.each([
      ['whose postings do not sum to zero', [-1000, 999]],
      ['with one posting', [0]],
    ])('refuses an entry %s', async (_what, amounts) => {
      const accounts = ['commission_expense', 'available'] as const;
      const postings = amounts.map((amount, i) => ({ account: accounts[i]!, amount }));
      expect(await refusal((tx) => post(tx, office, postings))).toEqual({
        kind: 'unbalanced',
        table: 'ledger_entries',
        constraint: null,
        fields: [],
      });
    });

    it('refuses postings without an entry, at the commit', async () => {
      const orphans = (['available', 'payable'] as const).map((account, i) => ({
        entryId: office.partnerId,
        account,
        partnerId: office.partnerId,
        amount: i === 0 ? 5 : -5,
      }));
      expect(await refusal((tx) => tx.insertMany(ledgerPostings, orphans))).toEqual({ kind: 'foreign_key' });
    });

    it('refuses a posting added to an entry later', async () => {
      const entryId = await write((tx) =>
        post(tx, office, [
          { account: 'available', amount: -7 },
          { account: 'payable', amount: 7 },
        ]),
      );
      const late = { entryId, account: 'paid' as const, partnerId: office.partnerId, amount: 0 };
      expect(await refusal((tx) => tx.insert(ledgerPostings, late))).toMatchObject({
        kind: 'immutable',
        table: 'ledger_postings',
      });
    });
  });

  describe('never changes or deletes', () => {
    beforeAll(async () => {
      await write(async (tx) => {
        await tx.insert(partnerActivities, {
          seq: 1,
          userName: 'Ana Roth',
          action: 'partner_approved',
          resource: 'partner',
          details: {},
          previousHash: '',
          hash: 'a',
        });
        const payout = aPayout(office);
        await tx.insert(partnerPayouts, payout);
        await tx.insert(partnerPayoutPayments, {
          id: uuidv7(),
          payoutId: payout.id,
          amount: 1,
          paymentMethod: 'wire',
          paymentDate: '2026-04-03',
          referenceNumber: 'R1',
          recordedBy: office.checker,
        });
        await post(tx, office, [
          { account: 'available', amount: -1 },
          { account: 'paid', amount: 1 },
        ]);
        const policyId = await aPolicy(tx);
        await tx.insert(partnerCreditPolicyRevisions, aRevision(policyId));
      });
    });

    it.each([
      ['an activity', 'partner_activities', sql`update partner_activities set user_name = 'Nobody'`],
      ['an activity', 'partner_activities', sql`delete from partner_activities`],
      ['a ledger entry', 'ledger_entries', sql`update ledger_entries set amount = 0`],
      ['a ledger entry', 'ledger_entries', sql`delete from ledger_entries`],
      ['a posting', 'ledger_postings', sql`update ledger_postings set amount = 0`],
      ['a posting', 'ledger_postings', sql`delete from ledger_postings`],
      ['a payment', 'partner_payout_payments', sql`update partner_payout_payments set amount = 2`],
      ['a payment', 'partner_payout_payments', sql`delete from partner_payout_payments`],
      [
        'the terms of a revision',
        'partner_credit_policy_revisions',
        sql`update partner_credit_policy_revisions set terms = '{"a":1}'`,
      ],
      ['a revision', 'partner_credit_policy_revisions', sql`delete from partner_credit_policy_revisions`],
    ])('%s (%s)', async (_what, table, statement) => {
      expect(await refusal((tx) => tx.run(statement))).toMatchObject({ kind: 'immutable', table });
    });

    it('an approval of a revision that was given', async () => {
      const revisionId = await write(async (tx) => {
        const revision = aRevision(await aPolicy(tx));
        await tx.insert(partnerCreditPolicyRevisions, revision);
        await tx.update(partnerCreditPolicyRevisions, { id: revision.id }, { approvedBy: office.checker });
        return revision.id;
      });
      expect(
        await refusal((tx) =>
          tx.update(partnerCreditPolicyRevisions, { id: revisionId }, { approvedBy: null }),
        ),
      ).toMatchObject({ kind: 'immutable' });
    });

    it('an activity by the way round that the engine offers', async () => {
      const replacing = sql`insert or replace into partner_activities select * from partner_activities where seq = 1`;
      // Not even as the superuser, whom the tests are signed in as.
      const emptying = 'TRUNCATE partner_activities';
      const attempt =
        engine === 'sqlite' ? write((tx) => tx.run(replacing)) : database.dataSource.query(emptying);
      await expect(attempt).rejects.toThrow(/immutable/);
    });
  });

  async function aPolicy(tx: Writer): Promise<string> {
    const id = uuidv7();
    await tx.insert(partnerCreditPolicies, {
      id,
      policyCode: id,
      policyName: 'Fixed',
      currency: 'EUR',
      policyType: 'time_based',
      calculationType: 'fixed_price',
      timeUnitType: 'monthly',
      baseCredit: 1000,
      bonusRate: 0,
      minLeadQualityScore: 0,
      priority: 0,
      isStackable: false,
      requiresApproval: true,
      autoApprove: false,
      approvalRequired: true,
      revision: 1,
      isActive: true,
      editedBy: office.maker,
      createdBy: office.maker,
      totalLeadsUnderPolicy: 0,
      totalCreditsAllocated: 0,
    });
    return id;
  }

  function aRevision(policyId: string, patch: { approvedBy?: string } = {}) {
    const terms: PolicyTerms = {
      policyType: 'time_based',
      calculationType: 'fixed_price',
      timeUnitType: 'monthly',
      partnerId: null,
      projectId: null,
      campaignId: null,
      sourceId: null,
      startDate: '2026-01-01',
      endDate: null,
      baseCredit: 1000,
      baseRate: null,
      minimumCredit: null,
      maximumCredit: null,
      bonusRate: 0,
      tierConfig: null,
      minLeadQualityScore: 0,
      priority: 0,
      isStackable: false,
      autoApprove: false,
    };
    return {
      id: uuidv7(),
      policyId,
      revision: 1,
      terms,
      madeBy: office.maker,
      madeAt: '2026-01-01T00:00:00.000Z',
      fourEyesWaived: false,
      ...patch,
    };
  }
});
