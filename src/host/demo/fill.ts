import type { ContractRouterClient } from '@orpc/contract';
import type { Contract, Outputs } from '#contract/index.ts';
import { addDays, dayOf, periodOf } from '#domain/calendar.ts';
import { type Acting, actAs, addTenant } from '../admin.ts';
import { composeHost, type Host, type HostOptions } from '../compose.ts';
import { admin, demoPassword, iban, leadData, partnerPlans, people } from './catalog.ts';
import { policyPlans } from './policies.ts';
import { type Random, seededRandom } from './random.ts';

type Client = ContractRouterClient<Contract>;
type Partner = Outputs['partners']['create'];

const zone = 'Europe/Berlin';

/** How the demo is told about. */
export interface DemoReport {
  organizationName: string;
  people: { email: string; password: string; roles: readonly string[] }[];
  partners: number;
  leads: number;
  payouts: number;
}

interface Stage {
  host: Host;
  random: Random;
  /** Client of the person with this key of the catalogue. */
  by(key: string): Client;
  setDay(day: string, hour: number): void;
  today: string;
  lastDay: string;
  /** Leads handed in so far. */
  leads: number;
}

/** A partner that takes part in the year, and where its leads stand. */
interface Player {
  plan: ReturnType<typeof partnerPlans>[number];
  partner: Partner;
  index: number;
  waiting: string[];
  open: { id: string; since: string }[];
}

/**
 * Fills an empty database with a year of an office's work, all of it through the services, as its people would have done
 * it: forty partners, some six thousand leads, policies of every kind, credits and payouts in every state. The same seed gives
 * the same story, ending on the day of `until`.
 */
export async function fillWithDemoData(
  options: Omit<HostOptions, 'now'> & {
    seed: number;
    until: string;
    /** How long the office has been at work; a year unless told. */
    days?: number;
    tell?: (done: number, of: number) => void;
  },
): Promise<DemoReport> {
  const { days = 365 } = options;
  const lastDay = dayOf(options.until, zone);
  const firstDay = addDays(lastDay, -days);
  let at = Date.parse(`${firstDay}T07:00:00.000Z`);
  const end = Date.parse(options.until);
  const host = await composeHost({
    ...options,
    throwAway: true,
    rememberSessions: true,
    // A little later at every look, and never in the future.
    now: () => {
      at = Math.min(at + 7, end);
      return new Date(at).toISOString();
    },
  });
  const acting = new Map<string, Acting>();
  try {
    const random = seededRandom(options.seed);
    await addTenant(host, {
      organizationName: 'Lindholm & Partner',
      currency: 'EUR',
      timeZone: zone,
      admin: {
        email: admin.email,
        password: demoPassword,
        firstName: admin.firstName,
        lastName: admin.lastName,
      },
    });
    acting.set('admin', await actAs(host, admin.email));
    const stage: Stage = {
      host,
      random,
      today: firstDay,
      lastDay,
      leads: 0,
      by: (key) => {
        const found = acting.get(key);
        if (found === undefined) throw new Error(`Nobody in the demo is called ${key}.`);
        return found.client;
      },
      setDay: (day, hour) => {
        stage.today = day;
        at = Math.max(at, Math.min(Date.parse(`${day}T00:00:00.000Z`) + hour * 3_600_000, end));
      },
    };
    for (const person of people) {
      const { key: _, ...fields } = person;
      await stage.by('admin').staff.create({ ...fields, password: demoPassword });
    }
    // Sessions last a day, the demo a year: everybody signs in again every morning.
    const signInAll = async () => {
      for (const person of [admin, ...people]) acting.set(person.key, await actAs(host, person.email));
    };
    await signInAll();
    await stage.by('admin').settings.update({ secondApprovalThreshold: 400_000 });

    const players = await registerPartners(stage);
    await writePolicies(stage, players, firstDay);
    for (let day = 1; day <= days; day += 2) {
      stage.setDay(addDays(firstDay, day), 7);
      await signInAll();
      await oneDay(stage, players);
      options.tell?.(day, days);
    }
    await leaveSomeOnHold(stage, players);
    const leads = await stage.by('auditor').leads.list({ limit: 1, total: true });
    const payouts = await stage.by('auditor').payouts.list({ limit: 1, total: true });
    return {
      organizationName: 'Lindholm & Partner',
      people: [admin, ...people].map((person) => ({
        email: person.email,
        password: demoPassword,
        roles: person.roles,
      })),
      partners: players.length,
      leads: leads.total ?? 0,
      payouts: payouts.total ?? 0,
    };
  } finally {
    await host.close();
  }
}

async function registerPartners({ by, random }: Stage): Promise<Player[]> {
  const players: Player[] = [];
  for (const [index, plan] of partnerPlans(random).entries()) {
    const account =
      plan.currency === 'USD'
        ? { accountNumber: `${random.between(10_000_000, 99_999_999)}`, routingNumber: '021000021' }
        : { iban: iban(random) };
    const slug = plan.name.toLowerCase().replace(/[^a-z]+/g, '-');
    const partner = await by(index % 2 === 0 ? 'manager' : 'manager2').partners.create({
      organizationName: plan.name,
      partnerType: plan.type,
      currency: plan.currency,
      contactName: 'Office',
      contactEmail: `office@${slug}.example`,
      country: plan.country,
      website: `https://${slug}.example`,
      taxId: `TAX-${100_000 + index}`,
      commissionPercentage: plan.commission,
      leadPrice: plan.leadPrice,
      monthlyQuota: plan.quota,
      bankingDetails: {
        bankName: 'Demo Bank',
        accountHolder: plan.name,
        paymentMethod: 'bank_transfer',
        currency: plan.currency,
        ...account,
      },
    });
    players.push({ plan, partner, index, waiting: [], open: [] });
    if (plan.status === 'pending') continue;
    if (plan.status === 'rejected') {
      await by('approver').partners.reject({ id: partner.id, reason: 'The tax id could not be confirmed.' });
      continue;
    }
    await by('approver').partners.approve({ id: partner.id });
    if (index % 11 !== 3) await by('approver').partners.verifyBanking({ id: partner.id });
  }
  return players;
}

async function writePolicies({ by }: Stage, players: readonly Player[], firstDay: string): Promise<void> {
  await by('policies').projects.create({ code: 'Q1-OFFICE', name: 'Office leasing, first quarter' });
  await by('policies').campaigns.create({ code: 'SUMMER', name: 'Summer campaign' });
  for (const { partner, policy, fate } of policyPlans(firstDay)) {
    const owner = partner === null ? undefined : players[partner];
    const made =
      owner === undefined
        ? await by('policies').creditPolicies.createForAll(policy)
        : await by('policies').creditPolicies.create({ id: owner.partner.id, ...policy });
    if (fate === 'draft') continue;
    await by('approver').creditPolicies.approve({ id: made.id });
    if (fate === 'revise') await by('policies').creditPolicies.update({ id: made.id, baseRate: 2.5 });
    if (fate === 'deactivate')
      await by('policies').creditPolicies.deactivate({ id: made.id, reason: 'Replaced by own terms.' });
  }
}

const isPlaying = (player: Player) => player.plan.status !== 'pending' && player.plan.status !== 'rejected';

async function oneDay(stage: Stage, players: readonly Player[]): Promise<void> {
  const playing = players.filter(isPlaying);
  for (const player of playing) await handIn(stage, player);
  stage.setDay(stage.today, 10);
  for (const player of playing) await review(stage, player);
  stage.setDay(stage.today, 14);
  for (const player of playing) await convert(stage, player);
  const dayOfMonth = Number(stage.today.slice(8));
  if (dayOfMonth % 8 < 2) await decideCredits(stage);
  // The demo looks at every second day, so each of these comes once a month.
  if (dayOfMonth >= 3 && dayOfMonth <= 4) await gatherMonth(stage);
  if (dayOfMonth >= 7 && dayOfMonth <= 8) await settleMonth(stage);
}

async function handIn(stage: Stage, player: Player): Promise<void> {
  const { by, random } = stage;
  // A pace a month, over some fifteen days the demo looks at; a little more every month.
  const expected = (player.plan.pace * 1.06) / 15;
  const count = Math.floor(expected) + (random.chance(expected % 1) ? 1 : 0);
  for (let n = 0; n < count; n += 1) {
    stage.leads += 1;
    const repeats = random.chance(0.02) ? stage.leads - 1 : stage.leads;
    const lead = await by('manager').leads.submit({
      id: player.partner.id,
      submissionType: random.pick(['new_lead', 'new_lead', 'referral']),
      leadData: leadData(repeats, player.plan.country, random),
      ...(random.chance(0.5) && { estimatedValue: random.between(20, 900) * 10_000 }),
      ...(player.index === 8 && { projectId: 'Q1-OFFICE' }),
      ...(player.index === 16 && { campaignId: 'SUMMER' }),
    });
    player.waiting.push(lead.id);
  }
}

const rejections = [
  'No reply after three calls.',
  'Outside the region we serve.',
  'Already a customer of ours.',
  'The phone number does not exist.',
] as const;

async function review({ by, random, today, lastDay }: Stage, player: Player): Promise<void> {
  // The last days' leads stay in the queue: that is what a reviewer opens the demo for.
  const fresh = today >= addDays(lastDay, -6);
  const ready =
    fresh && !random.chance(0.25) ? [] : player.waiting.splice(0, Math.max(0, player.waiting.length - 1));
  for (const id of ready) {
    const reviewer = by(random.chance(0.5) ? 'reviewer' : 'reviewer2');
    if (random.chance(0.26)) {
      await reviewer.leads.reject({ id, reason: random.pick(rejections) });
    } else {
      await reviewer.leads.approve({ id });
      player.open.push({ id, since: today });
    }
  }
}

async function convert({ by, random, today }: Stage, player: Player): Promise<void> {
  const due = player.open.filter((lead) => lead.since <= addDays(today, -20));
  player.open = player.open.filter((lead) => lead.since > addDays(today, -20));
  for (const { id } of due) {
    if (!random.chance(0.3)) continue;
    await by('reviewer').leads.convert({
      id,
      dealValue: random.between(10, 800) * 5000,
      conversionDate: today,
    });
  }
}

async function decideCredits({ by, random, today, lastDay }: Stage): Promise<void> {
  if (today >= addDays(lastDay, -5)) return;
  const pending = await by('approver').credits.list({ status: 'pending_approval', limit: 500 });
  const rejected: string[] = [];
  const approved: string[] = [];
  for (const credit of pending.items) (random.chance(0.03) ? rejected : approved).push(credit.id);
  if (approved.length > 0) await by('approver').credits.bulk({ action: 'approve', ids: approved });
  if (rejected.length > 0) {
    await by('approver').credits.bulk({
      action: 'reject',
      ids: rejected,
      reason: 'The lead was ours already.',
    });
  }
  const [reversible] = approved;
  if (reversible !== undefined && random.chance(0.4)) {
    await by('approver').credits.reverse({ id: reversible, reason: 'The customer withdrew.' });
  }
}

/** Finance gathers last month's credits. */
async function gatherMonth({ by, today }: Stage): Promise<void> {
  const { start, end } = periodOf(addDays(`${today.slice(0, 7)}-01`, -1), 'monthly');
  await by('finance').payouts.generate({ periodStart: start, periodEnd: end });
}

/** Most of what waits is approved and paid, some of it is not. */
async function settleMonth(stage: Stage): Promise<void> {
  const { by, random, today, lastDay } = stage;
  const { items: payouts } = await by('approver').payouts.list({ status: 'pending', limit: 500 });
  const latest = today >= addDays(lastDay, -40);
  const paid: string[] = [];
  for (const payout of payouts) {
    const fate = random.next();
    if (latest && fate < 0.5) continue;
    if (fate < 0.04) {
      await by('approver').payouts.reject({ id: payout.id, notes: 'The period is being checked again.' });
      continue;
    }
    const partial = fate > 0.94 && payout.totalAmount > 2;
    if (partial) {
      const lines = await by('approver').payouts.lines({ id: payout.id, limit: 1 });
      const [line] = lines.items;
      if (line !== undefined && lines.nextCursor !== null && line.amount > 0) {
        await by('approver').payouts.rejectLine({ id: line.id, notes: 'Waiting for the signed contract.' });
      }
    }
    let approved = await by('approver').payouts.approve({ id: payout.id });
    if (approved.needsSecondApproval) {
      if (latest && random.chance(0.5)) continue;
      approved = await by('approver2').payouts.approve({ id: payout.id });
    }
    if (fate < 0.08) {
      await by('approver').payouts.cancel({ id: payout.id, reason: 'The partner asked to wait.' });
      continue;
    }
    const partner = await by('finance').partners.get({ id: payout.partnerId });
    if (partner.bankingDetails?.isVerified !== true || (latest && fate < 0.7)) continue;
    const half = fate > 0.85 && fate < 0.9 ? Math.floor(approved.openAmount / 2) : 0;
    await by('finance').payouts.pay({
      id: payout.id,
      paymentDate: today,
      referenceNumber: `SEPA-${today.replaceAll('-', '')}-${payout.payoutNumber.slice(-4)}`,
      ...(half > 0 && { amount: half }),
    });
    if (half === 0) paid.push(payout.id);
  }
  if (paid.length > 0) await by('finance').payoutExports.create({ format: 'csv_payouts', payoutIds: paid });
}

async function leaveSomeOnHold({ by }: Stage, players: readonly Player[]): Promise<void> {
  for (const { plan, partner } of players) {
    if (plan.status === 'suspended') {
      await by('approver').partners.suspend({
        id: partner.id,
        reason: 'Complaints about cold calls are being looked into.',
      });
    }
    if (plan.status === 'inactive') {
      await by('approver').partners.deactivate({ id: partner.id, reason: 'The contract ended.' });
    }
  }
}
