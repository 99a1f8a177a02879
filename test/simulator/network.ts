// The network between instances and servers: what a command and its answer may meet on the way.

import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Server } from "./servers.ts";

/**
 * How a server is. `down`: nobody listens, and what was on its way is reset. `frozen`: commands queue up, and run when
 * it thaws.
 */
export type Health = "up" | "down" | "frozen";

/** How an instance reaches a server. `refused`: not at all, and it is told. `silent`: not at all. */
export type Route = "open" | "refused" | "silent" | "slow" | "lossy";

/**
 * What becomes of one command. `dropped`: it never arrives; `unheard`: it is carried out, its answer is lost; `late`: it
 * is carried out long after. The client is told that the connection broke, or nothing at all.
 */
type Fate = "arrives" | "refused" | "dropped" | "unheard" | "late";

/** A server on the network. */
export interface Host {
  readonly name: string;
  health: Health;
  /** Ends every connection: what was not answered yet is not any more, what waited to be carried out is lost. */
  reset(): void;
  thaw(): void;
  /** How many commands met which fate. */
  readonly fates: Map<string, number>;
}

/** Sends commands as one instance does; `refusal` and `reset` make the errors that its client would throw. */
export interface Line<Command> {
  route: Route;
  send(command: Command): Promise<unknown>;
}

interface Errors {
  readonly refusal: () => Error;
  readonly reset: () => Error;
}

/** What all hosts of a world have in common. */
export interface Nature {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly calmAt: () => number;
  /** How many commands take long, without any fault: a share of 1. */
  readonly dawdling: number;
}

/** How long a command that is late may be on its way. */
const LATEST_MS = 20_000;

export function createHost<Command>(
  server: Server<Command, unknown>,
  { scheduler, random, calmAt, dawdling }: Nature,
): Host & { line(errors: Errors): Line<Command> } {
  let connections = 0;
  let waiting: (() => void)[] = [];
  const fates = new Map<string, number>();

  const host = {
    name: server.name,
    health: "up" as Health,
    fates,
    reset() {
      connections++;
      waiting = [];
    },
    thaw() {
      const commands = waiting;
      waiting = [];
      for (const command of commands) command();
    },
    line: open,
  };
  return host;

  function open({ refusal, reset }: Errors): Line<Command> {
    const line: Line<Command> = {
      route: "open",
      send(command) {
        const fate = draw(line.route);
        fates.set(fate, (fates.get(fate) ?? 0) + 1);
        const isSilent = line.route === "silent" || random.chance(0.5);
        const latency = drawLatency(line.route);
        return new Promise((resolve, reject) => {
          const fail = (error: Error) => scheduler.after(latency, () => reject(error));
          if (fate === "refused") return fail(refusal());
          if (fate !== "arrives" && !isSilent) fail(reset());
          if (fate === "dropped") return;
          // What is late arrives before all is calm: else nothing could be said of what comes after.
          const latest = Math.max(Math.min(LATEST_MS, calmAt() - scheduler.now()), 0);
          const wayMs = fate === "late" ? random.between(0, latest) : latency;
          scheduler.after(wayMs, () => arrive());

          function arrive(): void {
            if (host.health === "down") return reject(refusal());
            const connection = connections;
            if (host.health === "frozen") waiting.push(run);
            else run();

            function run(): void {
              let answer: () => void;
              try {
                const reply = server.execute(command);
                answer = () => resolve(reply);
              } catch (error) {
                answer = () => reject(error as Error);
              }
              if (fate !== "arrives") return;
              scheduler.after(latency * random.next(), () => {
                if (connection === connections) answer();
                else reject(reset());
              });
            }
          }
        });
      },
    };
    return line;
  }

  function drawLatency(route: Route): number {
    if (route === "slow") return random.between(50, 2500);
    return random.chance(dawdling) ? random.between(5, 150) : random.between(0.2, 8);
  }

  function draw(route: Route): Fate {
    if (route === "refused") return "refused";
    if (route === "silent") return random.weighted({ dropped: 3, unheard: 1, late: 1 });
    if (route !== "lossy") return "arrives";
    return random.weighted({ arrives: 5, refused: 1, dropped: 1, unheard: 2, late: 1 });
  }
}
