import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** `done` of `total`, and what to say beside the bar. */
  update(done: number, total: number, note: string): void;
  end(): void;
}

/** A bar on stderr where somebody watches, nothing where the output is piped or `--json` is asked for. */
export function progressBar(json: boolean): Progress {
  if (json || !process.stderr.isTTY) return { update: () => {}, end: () => {} };
  const bar = new SingleBar(
    {
      format: '{bar} {percentage} %  {note}',
      hideCursor: true,
      clearOnComplete: false,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  let started = false;
  return {
    update: (done, total, note) => {
      if (started) bar.setTotal(total);
      else bar.start(total, 0, { note });
      started = true;
      bar.update(done, { note });
    },
    end: () => {
      if (started) bar.stop();
    },
  };
}
