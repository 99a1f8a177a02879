// Every order in which requests can meet in a store: each operation waits for its turn, a driver gives the turns,
// and goes through all of them by depth-first search, from a fresh start each time.

import { memoryUsers, type Store, type UserIndex } from "coatcheck";

/** Something that an actor does when its turn comes, as a response arriving in a browser. */
export type Step = (name: string, act: () => void | Promise<void>) => Promise<void>;

export type Actor = (view: {
  readonly store: Store;
  readonly users: UserIndex;
  readonly step: Step;
}) => Promise<void>;

export interface Scene {
  /** What all of them work on. */
  readonly store: Store;
  readonly users?: UserIndex;
  readonly actors: Readonly<Record<string, Actor>>;
  /** Called when all have finished. What it throws is rethrown with the order that led to it. */
  readonly check: () => Promise<void>;
}

const MOST = 20_000;

interface Player {
  readonly name: string;
  /** The step that waits for its turn. */
  waiting: { readonly name: string; readonly go: () => void } | undefined;
  /** Resolves when it waits again, or has finished. Only the one whose turn it is moves at all. */
  settled: Promise<void>;
  settle: () => void;
  finished: boolean;
  failure: unknown;
}

/**
 * Plays the scene in every order and answers how many there were. An actor does one thing at a time; what it throws
 * is a failure of the order. Pauses of the library's own pass at once.
 *
 * @throws the first failure, with its order in front
 */
export async function everyInterleaving(make: () => Promise<Scene>): Promise<number> {
  const restore = skipPauses();
  try {
    let choices: number[] = [];
    for (let orders = 1; orders <= MOST; orders++) {
      const widths = await play(await make(), choices);
      choices = next(widths, choices);
      if (choices.length === 0) return orders;
    }
    throw new Error(`more than ${MOST} orders: make the scene smaller`);
  } finally {
    restore();
  }
}

/** Plays once: along `choices`, then always the first. Answers how many could be chosen from at each turn. */
async function play(scene: Scene, choices: readonly number[]): Promise<number[]> {
  const order: string[] = [];
  const widths: number[] = [];
  const players = Object.entries(scene.actors).map(([name, actor]) => enter(name, actor, scene));
  try {
    for (;;) {
      await Promise.all(players.map(({ settled }) => settled));
      const failed = players.find(({ failure }) => failure !== undefined);
      if (failed) throw failed.failure;
      const ready = players.filter(({ finished }) => !finished);
      if (ready.length === 0) break;
      const player = ready[choices[widths.length] ?? 0];
      widths.push(ready.length);
      if (player?.waiting === undefined) throw new Error("a choice that does not exist");
      const { name, go } = player.waiting;
      order.push(`${player.name} ${name}`);
      player.waiting = undefined;
      renew(player);
      go();
    }
    await scene.check();
    return widths;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(`in the order [${order.join(", ")}]: ${text}`, { cause: error });
  }
}

function enter(name: string, actor: Actor, { store, users = memoryUsers() }: Scene): Player {
  const player: Player = {
    name,
    waiting: undefined,
    settled: Promise.resolve(),
    settle: () => undefined,
    finished: false,
    failure: undefined,
  };
  renew(player);

  function turn(step: string): Promise<void> {
    return new Promise((go) => {
      player.waiting = { name: step, go };
      player.settle();
    });
  }

  const view: Store = {
    async read(key) {
      await turn("reads");
      return store.read(key);
    },
    async write(...row) {
      await turn("writes");
      return store.write(...row);
    },
  };
  const inTurn =
    <Args extends unknown[], Answer>(what: string, ask: (...args: Args) => Promise<Answer>) =>
    async (...args: Args) => {
      await turn(what);
      return ask(...args);
    };
  const index: UserIndex = {
    add: inTurn("adds", users.add),
    touch: inTurn("touches", users.touch),
    list: inTurn("lists", users.list),
    retire: inTurn("retires", users.retire),
    remove: inTurn("removes", users.remove),
  };
  const step: Step = async (what, act) => {
    await turn(what);
    await act();
  };
  actor({ store: view, users: index, step })
    .catch((error: unknown) => {
      player.failure = error ?? new Error(`${name} failed`);
    })
    .finally(() => {
      player.finished = true;
      player.settle();
    });
  return player;
}

function renew(player: Player): void {
  player.settled = new Promise((resolve) => {
    player.settle = resolve;
  });
}

/** The choices that lead to the next order: the last turn that had another option takes it. */
function next(widths: readonly number[], choices: readonly number[]): number[] {
  const made = widths.map((_, at) => choices[at] ?? 0);
  for (let at = widths.length - 1; at >= 0; at--) {
    const choice = (made[at] ?? 0) + 1;
    if (choice < (widths[at] ?? 0)) return [...made.slice(0, at), choice];
  }
  return [];
}

/** Random pauses are for machines that meet by chance; here nobody does, and thousands of orders have no time. */
function skipPauses(): () => void {
  const real = globalThis.setTimeout;
  const quick = (run: () => void, ms = 0): unknown => {
    if (ms > 16) return real(run, ms);
    queueMicrotask(run);
    return 0;
  };
  globalThis.setTimeout = quick as typeof setTimeout;
  return () => {
    globalThis.setTimeout = real;
  };
}
