import * as fc from 'fast-check';

/**
 * Property tests draw the same cases every time, so that a run that passed here passes everywhere. `FC_SEED=random` looks for others, and a
 * number, as a failure tells it, for those again.
 */
const { FC_SEED = '20261121' } = process.env;
if (FC_SEED !== 'random') fc.configureGlobal({ seed: Number(FC_SEED) });
