// How long the doctor waits for what is not its own.

/** What was asked did not answer in time. */
export class LateError extends Error {
  override readonly name = "LateError" as const;
}

/**
 * Waits for `work` up to `timeoutMs`. The timer keeps the process: with nothing else to wait for, Node would end it
 * without a word.
 *
 * @throws LateError once the time is over; what the work throws before
 */
export async function within<Value>(
  timeoutMs: number,
  work: () => Promise<Value> | Value,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const end = () => reject(new LateError(`no answer within ${timeoutMs} ms`));
    timer = setTimeout(end, timeoutMs);
  });
  try {
    return await Promise.race([(async () => work())(), late]);
  } finally {
    clearTimeout(timer);
  }
}
