// What the command line was asked for cannot be done as it was asked.

/** Said without a stack, and answered with exit code 2. The message holds nothing secret. */
export class UsageError extends Error {
  override readonly name = "UsageError" as const;
}

/** Exit codes of every command. */
export const EXIT = { well: 0, wrong: 1, unchecked: 2 } as const;
