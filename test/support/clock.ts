// Time for tests. The library asks `Date.now` and nothing else, so that is all that is replaced.

export interface Clock {
  /** Epoch milliseconds, as everybody reads them. */
  readonly now: number;
  /** Moves on; time stands still otherwise. */
  advance(seconds: number): void;
}

/** Runs with a clock that stands still until it is moved, and puts the real one back, whatever happens. */
export async function withClock<Result>(run: (clock: Clock) => Promise<Result>): Promise<Result> {
  const real = Date.now;
  let now = real.call(Date);
  Date.now = () => now;
  try {
    return await run({
      get now() {
        return now;
      },
      advance(seconds) {
        now += seconds * 1000;
      },
    });
  } finally {
    Date.now = real;
  }
}
