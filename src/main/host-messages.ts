/** What the shell tells its host process. A message of kind `port` carries a window's message port. */
export type ToHost =
  | { kind: 'open'; dataFolder: string; station: string }
  | { kind: 'port' }
  | { kind: 'close' };

/** What the host process tells the shell. `refused` is final: starting it again would be refused again. */
export type FromHost = { kind: 'ready' } | { kind: 'refused'; sentence: string };
