import sql from 'sql-template-tag';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Database,
  partnerCreditPolicyRevisions,
  partnerLeadCredits,
  partnerLeads,
  partnerPayoutDetails,
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
  aRevision,
  aStaffMember,
  type Office,
  refusalOf,
  savePolicy,
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
  const refusal = (fn: (tx: Writer) => Promise<unknown>) => refusalOf(write(fn));

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
        const policyId = await savePolicy(tx, office);
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
        const policyId = await savePolicy(tx, office);
        await tx.insert(
          partnerCreditPolicyRevisions,
          aRevision(office, policyId, { approvedBy: office.checker }),
        );
      });
      expect(
        await refusal(async (tx) => {
          const policyId = await savePolicy(tx, office);
          await tx.insert(
            partnerCreditPolicyRevisions,
            aRevision(office, policyId, { approvedBy: office.maker }),
          );
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
        const id = await savePolicy(tx, office);
        await tx.insert(partnerCreditPolicyRevisions, aRevision(office, id));
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

    it('is taken back in parts, but no further than it was', async () => {
      const credit = aCredit(office);
      const reversal = (creditAmount: number) =>
        aCredit(office, { origin: 'reversal', creditAmount, reversesCreditId: credit.id });
      await write((tx) => tx.insertMany(partnerLeadCredits, [credit, reversal(-2000), reversal(-3000)]));
      expect(await refusal((tx) => tx.insert(partnerLeadCredits, reversal(-1)))).toMatchObject({
        kind: 'unbalanced',
        table: 'partner_lead_credits',
      });
    });
  });
});
