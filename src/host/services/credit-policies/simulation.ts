import type { HostContext } from '../../context.ts';
import type { Call, Input, Output, Service } from '../service.ts';
import { type ReadySimulation, readySimulation, runSimulation } from './simulation/run.ts';
import type { SimulatedLead } from './simulation/sums.ts';

/**
 * What a draft or a changed policy would have paid (`domain.md`, "Credits"): for leads that are given, or for all that were
 * approved or converted in a period of the past. The world is the one that was, with the draft in it all through: instead of
 * the policy it changes, or besides all others. Tiers are counted and caps held as the engine does, from where they stood
 * before. Reads only.
 *
 * What the documents leave open: events belong to the period they were recorded in, as their credits do, and of those under way at the
 * same time come in the order they had their turn. A lead has the score it had then, also where it was scored again since. `credited` is
 * what was made at the event, whatever became of it; what was rejected or taken back since, as a whole or in parts, is given back to
 * its caps in the simulated world too. A conversion that was withdrawn is not gone through again. Where the partner's own terms
 * paid, they pay the same; where a policy kept them away and in the simulated world none does, today's terms are taken.
 */
export function policySimulation(
  host: HostContext,
): Pick<Service<'creditPolicies'>, 'simulate' | 'simulateStream'> {
  return {
    simulate: async (session, { limit, ...input }, call) =>
      simulate(
        await readySimulation(host, session, input),
        { limit, onlyDifferences: input.onlyDifferences },
        call,
      ),
    // Refused before the stream begins, where a refusal still is an answer of its own.
    simulateStream: async (session, input, call) =>
      streamed(await readySimulation(host, session, input), input.onlyDifferences, call),
  };
}

async function simulate(
  ready: ReadySimulation,
  { limit, onlyDifferences }: Pick<Input<'creditPolicies', 'simulate'>, 'limit' | 'onlyDifferences'>,
  call: Call,
): Promise<Output<'creditPolicies', 'simulate'>> {
  const items: SimulatedLead[] = [];
  let omitted = 0;
  const run = runSimulation(ready, call.signal);
  for (;;) {
    const step = await run.next();
    if (step.done) {
      const note =
        omitted === 0
          ? null
          : `${omitted} more ${omitted === 1 ? 'is' : 'are'} not listed here, but part of the totals. Ask for a shorter period, or for the stream, which lists all.`;
      return { ...step.value, items, omitted, note };
    }
    const listed = onlyDifferences ? step.value.items.filter(differs) : step.value.items;
    const room = limit - items.length;
    items.push(...listed.slice(0, room));
    omitted += Math.max(0, listed.length - room);
  }
}

async function* streamed(ready: ReadySimulation, onlyDifferences: boolean, call: Call) {
  const run = runSimulation(ready, call.signal);
  for (;;) {
    const step = await run.next();
    if (step.done) {
      yield { type: 'result' as const, ...step.value };
      return;
    }
    const items = onlyDifferences ? step.value.items.filter(differs) : step.value.items;
    if (items.length > 0) yield { type: 'leads' as const, items };
    yield { type: 'progress' as const, done: step.value.done, of: step.value.of };
  }
}

const differs = ({ difference }: SimulatedLead) => difference !== 0;
