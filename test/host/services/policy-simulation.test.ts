import * as fc from 'fast-check';
import sql, { raw, type Sql } from 'sql-template-tag';
import { describe, expect, it } from 'vitest';
import { dayOf } from '#domain/calendar.ts';
import { allTables } from '#host/database/index.ts';
import { earlierScores } from '#host/services/credit-engine/earlier-scores.ts';
import {
  countEvents,
  countsWithin,
  creditsOfLeads,
  creditsUnder,
  eventsAfter,
  weighedOfLeads,
} from '#host/services/credit-policies/simulation/reading.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import { activePartner, approvedLead, mappingsOf, plansOf, policyInForce } from './credit-stories.ts';
import { historyOf, live } from './policy-histories.ts';

/** Every row there is but sign-ins, which each call moves on. */
function everything(host: TestHost): Promise<unknown> {
  return host.database.read('system', async (reader) => {
    const rows: Record<string, unknown> = {};
    for (const { name } of allTables) {
      if (name !== 'sessions') rows[name] = await reader.all(sql`select * from ${raw(name)}`);
    }
    return rows;
  });
}

const whole = { from: '2026-06-01', to: '2026-12-31' };

forEachEngine((engine) => {
  describe('a simulation of the policy that is in force', () => {
    it('credits exactly what was credited, on random histories', async () => {
      await fc.assert(
        fc.asyncProperty(historyOf(90), async (steps) => {
          const host = await testHost(engine, { now: '2026-06-01T06:00:00.000Z' });
          try {
            const { steady, leads } = await live(host, steps);
            // From somewhere in the middle on, too: what came before is then told by what it left.
            const middle = dayOf(leads[leads.length >> 1]!.submittedAt, 'Europe/Berlin');
            for (const { id } of steady) {
              for (const period of [whole, { ...whole, from: middle }]) {
                const { items, ...summary } = await host
                  .as('policy_manager')
                  .creditPolicies.simulate({ policy: { id }, ...period, limit: 1000 });
                const unlike = items.filter(({ difference }) => difference !== 0);
                expect(unlike).toEqual([]);
                expect(summary.differing).toBe(0);
                for (const each of summary.byPolicy) expect(each).toMatchObject({ difference: 0 });
              }
            }
            const verified = await host.as('auditor').ledger.verify();
            expect(verified).toMatchObject({ ok: true, differences: [] });
          } finally {
            await host.close();
          }
        }),
        // A counterexample is a history of its own: making it smaller would take minutes.
        { numRuns: 6, endOnFailure: true },
      );
    }, 180_000);

    it('gives the reasons that the engine gave', async () => {
      const host = await testHost(engine, { now: '2026-06-01T06:00:00.000Z' });
      try {
        const [steps] = fc.sample(historyOf(60), { numRuns: 1, seed: 7 });
        const { steady, leads } = await live(host, steps!);
        const { items } = await host
          .as('policy_manager')
          .creditPolicies.simulate({ policy: { id: steady[0]!.id }, ...whole, limit: 1000 });
        for (const lead of leads.filter(
          ({ partnerId, status }) => partnerId === steady[0]!.partnerId && status !== 'converted',
        )) {
          const told = items.find((item) => item.leadId === lead.id)!.policies;
          const given = (await mappingsOf(host, lead)).filter(({ event }) => event === 'approval');
          expect(
            told.map(({ policyId, applied, amount, reason }) => ({ policyId, applied, amount, reason })),
          ).toEqual(
            given.map(({ policyId, applied, calculatedCredit: amount, reason }) => ({
              policyId,
              applied,
              amount,
              reason,
            })),
          );
        }
        expect(leads.length).toBeGreaterThan(5);
      } finally {
        await host.close();
      }
    });
  });

  it('reads events and credits by index', async () => {
    if (engine !== 'sqlite') return;
    const host = await testHost(engine);
    try {
      const partner = await activePartner(host);
      const policy = await policyInForce(host, partner.id);
      const lead = await approvedLead(host, partner.id);
      const { tenantId } = host;
      const window = {
        from: '2026-06-01T00:00:00.000Z',
        until: '2026-07-01T00:00:00.000Z',
        partnerId: partner.id,
      };
      const cursor = { at: window.from, leadId: lead.id, event: 'approval' } as const;
      const plans = await plansOf(host, async (reader) => {
        await eventsAfter(reader, tenantId, window, cursor, 10);
        await countEvents(reader, tenantId, window);
        await creditsOfLeads(reader, tenantId, [lead.id]);
        await weighedOfLeads(reader, tenantId, [lead.id]);
        await earlierScores(reader, tenantId, [lead.id]);
        await countsWithin(reader, tenantId, [policy.id], { ...window, day: '2026-06-15' });
      });
      plans.push(
        ...(await plansOf(host, async (reader) => {
          const stream = async function* <T>(statement: Sql) {
            yield await reader.all<T>(statement);
          };
          for await (const _ of creditsUnder({ ...reader, stream }, tenantId, [policy.id]));
        })),
      );
      expect(plans).toHaveLength(7);
      expect(plans[6]).toMatch(/ix_partner_lead_credits_policy/);
      for (const plan of plans)
        expect(plan).not.toMatch(/SCAN (partner|policy|lead|[clmor]\b)|\(tenant_id=\?\)/);
    } finally {
      await host.close();
    }
  });

  it('changes nothing', async () => {
    const host = await testHost(engine, { now: '2026-06-01T06:00:00.000Z' });
    try {
      const [steps] = fc.sample(historyOf(40), { numRuns: 1, seed: 11 });
      const { steady, leads, partners } = await live(host, steps!);
      const { creditPolicies } = host.as('policy_manager');
      const before = await everything(host);
      await creditPolicies.simulate({
        policy: { id: steady[0]!.id, priority: 900, capPerLead: 100 },
        ...whole,
      });
      await creditPolicies.simulate({
        policy: {
          partnerId: partners[0]!.id,
          policyType: 'time_based',
          timeUnitType: 'monthly',
          calculationType: 'fixed_price',
          baseCredit: 5,
        },
        leads: [leads[0]!.id, { qualityScore: 90 }],
      });
      for await (const _ of await creditPolicies.simulateStream({ policy: { id: steady[1]!.id }, ...whole }));
      expect(await everything(host)).toEqual(before);
    } finally {
      await host.close();
    }
  });
});
