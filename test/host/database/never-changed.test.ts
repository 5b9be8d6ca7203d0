import sql from 'sql-template-tag';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Database,
  ledgerPostings,
  partnerActivities,
  partnerCreditPolicyRevisions,
  partnerPayoutPayments,
  partnerPayouts,
  type Writer,
} from '#host/database/index.ts';
import { forEachEngine, testDatabase } from '#test/support/databases.ts';
import { anOffice, aPayout, aRevision, type Office, post, refusalOf, savePolicy, uuidv7 } from './rows.ts';

forEachEngine((engine) => {
  let database: Database;
  let office: Office;

  beforeAll(async () => {
    ({ database } = await testDatabase(engine));
    office = await anOffice(database);
  });

  const write = <T>(fn: (tx: Writer) => Promise<T>): Promise<T> =>
    database.write({ tenantId: office.tenantId }, fn);
  const refusal = (fn: (tx: Writer) => Promise<unknown>) => refusalOf(write(fn));

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
        const policyId = await savePolicy(tx, office);
        await tx.insert(partnerCreditPolicyRevisions, aRevision(office, policyId));
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
        const revision = aRevision(office, await savePolicy(tx, office));
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
});
