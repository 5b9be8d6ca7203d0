/** When something was recorded. */
export interface Moment {
  at: string;
  /** Of the first row it made; null where it made none, or where that tells nothing. */
  madeId: string | null;
}

/** How many others may be under way at the same time: far more than there are people deciding at once. */
export const overlap = 50;

/** Nobody waits longer for others to finish. */
const longestWait = 60_000;

/**
 * Whether one came before the other. Where they are close, `at` alone doesn't tell: an instant is taken when a decision begins, and of
 * two that wait for each other the later one can have its turn first. Ids are given when it is a decision's turn, and rise.
 */
export function cameBefore(one: Moment, other: Moment): boolean {
  const byTime = one.at < other.at;
  if (one.madeId === null || other.madeId === null) return byTime;
  const byTurn = one.madeId < other.madeId;
  if (byTime === byTurn) return byTurn;
  return Math.abs(Date.parse(one.at) - Date.parse(other.at)) <= longestWait ? byTurn : byTime;
}

/** In the order they came. What made nothing counted nothing, and stays where it is. */
export function inOrder<M extends Moment>(moments: readonly M[]): M[] {
  const made: M[] = [];
  for (const moment of moments) {
    if (moment.madeId === null) continue;
    let place = made.length;
    for (let before = made[place - 1]; before !== undefined && cameBefore(moment, before); ) {
      place -= 1;
      before = made[place - 1];
    }
    made.splice(place, 0, moment);
  }
  let next = 0;
  return moments.map((moment) => (moment.madeId === null ? moment : (made[next++] ?? moment)));
}
