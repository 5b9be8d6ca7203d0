/** Events kept for a reader who is slower than the job. */
export const keptForReader = 200;

/** Hands events from a job, which waits for nobody, to the one who watches its foreground call. */
export interface EventQueue<E> {
  put(event: E): void;
  /** What comes after is not taken; the reader gets what is left, and then the end. */
  end(): void;
  read(): AsyncGenerator<E, void, void>;
}

/** Of more than `most` the oldest are dropped: they tell how far it was. */
export function eventQueue<E>(most: number): EventQueue<E> {
  const kept: E[] = [];
  let ended = false;
  let wake = (): void => undefined;
  return {
    put(event) {
      if (ended) return;
      kept.push(event);
      if (kept.length > most) kept.shift();
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *read() {
      for (;;) {
        const event = kept.shift();
        if (event !== undefined) yield event;
        else if (ended) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
