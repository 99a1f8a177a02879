// Chance that can be had again: everything that a run draws comes from one seed.

export interface Random {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** A number from `low` to below `high`. */
  between(low: number, high: number): number;
  /** Whether something happens that does so with a probability. */
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** Picks by weight. */
  weighted<Item extends string>(weights: Readonly<Record<Item, number>>): Item;
}

/**
 * sfc32: 128 bits of state, fast, good enough by far for drawing faults. `stream` tells apart what must not disturb one
 * another.
 *
 * @see Chris Doty-Humphrey, PractRand
 */
export function createRandom(seed: number, stream = 0): Random {
  let [a, b, c, d] = [seed | 0, stream | 0, 0x9e3779b9 | 0, 1];
  for (let at = 0; at < 15; at++) step();

  function step(): number {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  const next = () => step() / 2 ** 32;
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    between: (low, high) => low + next() * (high - low),
    chance: (probability) => next() < probability,
    pick(items) {
      const [first] = items;
      if (first === undefined) throw new Error("nothing to pick from");
      return items[below(items.length)] ?? first;
    },
    weighted(weights) {
      const names = Object.keys(weights) as (keyof typeof weights)[];
      let left = next() * names.reduce((sum, name) => sum + weights[name], 0);
      const found = names.find((name) => (left -= weights[name]) < 0);
      return found ?? this.pick(names);
    },
  };
}
