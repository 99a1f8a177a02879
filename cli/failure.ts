// What is still to be said when something fails that nobody waits for: a command may have half a report.

let lastWords: (() => number) | undefined;

/** `words` says what is known so far and answers the exit code. Replaces what was to be said before. */
export function whenFailed(words: (() => number) | undefined): void {
  lastWords = words;
}

/** Says it, once. Answers the exit code; undefined where there was nothing to say. */
export function sayLastWords(): number | undefined {
  const words = lastWords;
  lastWords = undefined;
  return words?.();
}
