import type { HostContext } from '../../context.ts';
import type { Session } from '../../session.ts';
import type { ReadyJob } from '../jobs/foreground.ts';
import { readySimulation, runSimulation, type SimulateInput, type SimulationStep } from './simulation/run.ts';
import type { SimulatedLead, SimulationSummary } from './simulation/sums.ts';

/** Leads that a job keeps in its result; the totals are of all. */
const keptLeads = 100;

interface Simulated {
  summary: SimulationSummary;
  items: SimulatedLead[];
  omitted: number;
}

/** A simulation as a job: it reads only. Throws the refusals of a simulation before it is a job. */
export async function simulationJob(
  host: HostContext,
  session: Session,
  input: SimulateInput,
): Promise<ReadyJob<SimulationStep, Simulated>> {
  const ready = await readySimulation(host, session, input);
  const { candidate, replaces } = ready.draft;
  const what = replaces ? `a change of the policy ${candidate.policyCode}` : 'a new policy';
  const period = ready.from === null ? '' : `, ${ready.from} to ${ready.to}`;
  const listed = (items: SimulatedLead[]): SimulatedLead[] =>
    input.onlyDifferences ? items.filter(({ difference }) => difference !== 0) : items;

  async function* simulating(signal: AbortSignal): AsyncGenerator<SimulationStep, Simulated, void> {
    const items: SimulatedLead[] = [];
    let seen = 0;
    const run = runSimulation(ready, signal);
    for (;;) {
      const step = await run.next();
      if (step.done === true) return { summary: step.value, items, omitted: seen - items.length };
      const shown = listed(step.value.items);
      seen += shown.length;
      items.push(...shown.slice(0, keptLeads - items.length));
      yield step.value;
    }
  }
  return {
    spec: {
      kind: 'policy_simulation',
      title: `Simulation of ${what}${period}`,
      partnerId: ready.draft.partner?.id ?? null,
      input: { ...input },
      writes: false,
    },
    task: {
      run: ({ signal }) => simulating(signal),
      progressOf: ({ done, of }) => ({ done, total: of, unit: 'leads' }),
      resultOf: ({ summary, items, omitted }) => ({
        status: 'completed',
        result: { ...summary, items, omitted },
      }),
    },
  };
}
