import * as fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { addressNotifications, claimMail } from '#host/mail/outbox.ts';
import { mailSender } from '#host/mail/sender.ts';
import { sendMail } from '#host/mail/smtp.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { testHost } from '#test/support/host.ts';
import type { TestSmtp } from '#test/support/smtp.ts';
import {
  aMailServer,
  aPartnerWithPerson,
  aSender,
  outboxOf,
  rejectALead,
  setUpMail,
} from './mail-stories.ts';

/** What can happen while e-mails wait. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('tell' as const), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    kind: fc.constant('run' as const),
    server: fc.constantFrom('well', 'full', 'closing', 'strict'),
    minutes: fc.integer({ min: 0, max: 300 }),
  }),
  fc.record({ kind: fc.constant('die' as const), when: fc.constantFrom('claimed', 'taken') }),
  fc.record({ kind: fc.constant('switch' as const), isEnabled: fc.boolean() }),
);

const refusals: Record<string, TestSmtp['refuse']> = {
  well: undefined,
  full: { at: 'data', code: 452, message: 'Mailbox full' },
  closing: { at: 'connect', code: 421, message: 'Closing' },
  strict: { at: 'recipient', code: 550, message: 'No such user' },
};

forEachEngine((engine) => {
  it('loses no e-mail and sends none twice, whatever happens to the server and the hosts', async () => {
    const host = await testHost(engine);
    const smtp = await aMailServer();
    await setUpMail(host, smtp.port);
    const { partner, person } = await aPartnerWithPerson(host);
    await aSender(host).run();

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (history) => {
        const known = new Set((await outboxOf(host, person.email)).map((row) => row.id));
        const refusedForGood = new Set<string>();
        let told = 0;
        let deaths = 0;
        for (const each of history) {
          if (each.kind === 'tell') {
            for (let n = 0; n < each.count; n += 1) await rejectALead(host, partner);
            told += each.count;
          } else if (each.kind === 'run') {
            smtp.refuse = refusals[each.server];
            host.clock.advance(each.minutes);
            await aSender(host).run();
            if (each.server === 'strict') {
              for (const row of await outboxOf(host, person.email)) {
                if (row.status === 'failed') refusedForGood.add(row.id);
              }
            }
          } else if (each.kind === 'switch') {
            await setUpMail(host, smtp.port, { isEnabled: each.isEnabled });
          } else {
            smtp.refuse = undefined;
            while (await addressNotifications(host.context, host.tenantId));
            const sender = '01890000-0000-7000-8000-00000000000d';
            if (each.when === 'claimed') {
              await claimMail(host.context, host.tenantId, { sender, domain: 'nordwind.example' });
              continue;
            }
            let [begun, taken, isIdle] = [0, 0, false];
            const dying = mailSender(host.context, {
              // Dead from the first e-mail on that the server took; what was on its way arrives, too.
              send: async (...args) => {
                if (taken === 0) {
                  begun += 1;
                  await sendMail(...args);
                  taken += 1;
                }
                return new Promise(() => undefined);
              },
            });
            void dying.run().then(() => {
              isIdle = true;
            });
            await vi.waitUntil(() => isIdle || (taken > 0 && taken === begun), { timeout: 10_000 });
            deaths += taken;
          }
        }
        smtp.refuse = undefined;
        await setUpMail(host, smtp.port);
        for (let round = 0; round < 4; round += 1) {
          host.clock.advance(5 * 60);
          await aSender(host).run();
        }
        const rows = (await outboxOf(host, person.email)).filter((row) => !known.has(row.id));
        expect(rows).toHaveLength(told);
        let arrived = 0;
        for (const row of rows) {
          const copies = smtp.received.filter(({ mail }) => mail.messageId === row.messageId).length;
          expect(row.status).toBe(refusedForGood.has(row.id) ? 'failed' : 'sent');
          expect(copies >= 1 || row.status === 'failed').toBe(true);
          arrived += copies;
        }
        // Only a host that died after the server took an e-mail makes it come again, as the same message.
        const sent = rows.filter((row) => row.status === 'sent').length;
        expect(arrived).toBeLessThanOrEqual(sent + deaths);
        expect(arrived).toBeGreaterThanOrEqual(sent);
      }),
      { numRuns: 10 },
    );
    await host.close();
  }, 180_000);
});
