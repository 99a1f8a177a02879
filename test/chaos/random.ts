// Numbers that a seed decides: the same seed, the same numbers.

export interface Random {
  /** A whole number from 0 to `below` - 1. */
  whole(below: number): number;
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number;
  /** True in so many of a hundred. */
  chance(percent: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

/** By mulberry32: 32 bits of state, more than good enough to decide what fails when. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const whole = (below: number) => Math.floor(next() * below);
  return {
    whole,
    between: (least, most) => least + whole(most - least + 1),
    chance: (percent) => whole(100) < percent,
    pick(items) {
      const item = items[whole(items.length)];
      if (item === undefined) throw new RangeError("Cannot pick: there are no items");
      return item;
    },
  };
}
