// What whoever runs the demonstration reads in the terminal: that a store fails, why, and when it is over. Visitors
// learn none of it.

const REPEAT_MS = 10_000;

/** A store that is down fails with every request: the same line comes once in ten seconds. */
export function createReporter() {
  /** @type {Map<string, number>} */
  const printedAt = new Map();
  let isFailing = false;

  /** @param {string} line */
  function print(line) {
    const now = Date.now();
    if (now - (printedAt.get(line) ?? 0) < REPEAT_MS) return false;
    printedAt.set(line, now);
    console.error(line);
    return true;
  }

  return {
    /** @param {import("coatcheck").SessionEvent} event */
    onEvent(event) {
      if (event.type === "store-recovered" && isFailing) {
        isFailing = false;
        console.error("The store answers again");
      }
      if (event.type !== "store-failed") return;
      const isNews = print(`The store failed to ${event.operation}: ${event.message}`);
      isFailing ||= isNews;
    },

    /** @type {import("./shops.js").OnStep} */
    onStep(event, name) {
      if (event.type === "stepped-down") console.error(`${name} stepped down: ${event.message}`);
      if (event.type === "stepped-up") console.error(`${name} answers again`);
    },
  };
}
