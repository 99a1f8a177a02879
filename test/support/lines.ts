// A logger that keeps what it is told, as `level line`.

import type { Logger } from "coatcheck/env";

export interface Lines {
  readonly logger: Logger;
  /** What was written since the last call. */
  take(): string[];
  /** What was ever written. */
  readonly all: readonly string[];
}

export function keepLines(): Lines {
  const all: string[] = [];
  let taken = 0;
  const keep = (level: string) => (line: string) => void all.push(`${level} ${line}`);
  return {
    logger: { info: keep("info"), warn: keep("warn"), error: keep("error") },
    take() {
      const fresh = all.slice(taken);
      taken = all.length;
      return fresh;
    },
    all,
  };
}
