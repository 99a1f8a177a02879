// A stretch of network that fails on demand: TCP on loopback, one in front of a server for each of its clients, so
// that some are cut off from it and others are not.

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * What becomes of connections, those that stand and those to come, until `mend`:
 *
 * - `refuse`: nothing listens, and what stood is reset. `reset`: connecting works; what is asked is answered by a reset.
 * - `hang`: nothing passes, either way; it is kept, and passes when the network is mended, also when the client has
 *   gone: as packets do that are sent again and again. `slow`: every answer comes `ms` later.
 * - `cut`: an answer ends after `bytes`, by a reset. `lose`: what is asked gets there, the answer is a reset.
 */
export type Trouble =
  | { readonly kind: "refuse" | "reset" | "hang" | "lose" }
  | { readonly kind: "slow"; readonly ms: number }
  | { readonly kind: "cut"; readonly bytes: number };

export interface Proxy {
  readonly port: number;
  /** Connections and pieces of requests that came since it began, whatever became of them. */
  readonly tries: number;
  /** In place of the trouble before it. */
  trouble(trouble: Trouble): Promise<void>;
  mend(): Promise<void>;
  stop(): Promise<void>;
}

// Below the ports from which systems take those of clients: there, nobody takes the port of one that refuses.
const [FIRST_PORT, PORTS] = [12_000, 18_000];
const ATTEMPTS = 50;

/** Starts one in front of a port of loopback. */
export async function startProxy(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let current: Trouble | null = null;
  let { mended, mend } = mending();
  let tries = 0;
  let server: Server | undefined = await listen(undefined, accept);
  const { port } = server.address() as { port: number };

  function accept(client: Socket): void {
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true });
    tries++;
    const fail = () => {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.once("close", () => sockets.delete(socket));
    }
    client.on("error", () => client.destroy());
    upstream.on("error", fail);
    carry(client, upstream, async (chunk) => {
      tries++;
      if (current?.kind === "reset") return fail();
      upstream.write(chunk);
    });
    carry(upstream, client, async (chunk) => {
      if (current?.kind === "slow") await sleep(current.ms);
      if (current?.kind === "lose") return fail();
      if (current?.kind !== "cut") return void client.write(chunk);
      client.write(chunk.subarray(0, current.bytes), fail);
    });
  }

  /** One direction, in order. What came before the end gets there before the end. */
  function carry(from: Socket, to: Socket, deliver: (chunk: Buffer) => Promise<void>): void {
    let last = Promise.resolve();
    const next = async (before: Promise<void>, act: () => unknown): Promise<void> => {
      await before;
      while (current?.kind === "hang") await mended;
      if (!to.destroyed) await act();
    };
    from.on("data", (chunk) => (last = next(last, () => deliver(chunk))));
    from.once("close", () => (last = next(last, () => to.end())));
  }

  async function close(): Promise<void> {
    const closing = server;
    server = undefined;
    for (const socket of sockets) socket.resetAndDestroy();
    if (closing === undefined) return;
    const closed = once(closing, "close");
    closing.close();
    await closed;
  }

  async function change(next: Trouble | null): Promise<void> {
    current = next;
    mend();
    ({ mended, mend } = mending());
    if (next?.kind === "refuse") await close();
    else server ??= await listen(port, accept);
  }

  return {
    port,
    get tries() {
      return tries;
    },
    trouble: change,
    mend: () => change(null),
    async stop() {
      current = null;
      mend();
      await close();
    },
  };
}

/** Listens on a port, else on one that is free. */
async function listen(port: number | undefined, accept: (client: Socket) => void): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const server = createServer(accept);
    server.listen(port ?? FIRST_PORT + Math.floor(Math.random() * PORTS), "127.0.0.1");
    try {
      await once(server, "listening");
      return server;
    } catch (error) {
      // Taken, by another program or by a connection of its own that is still closing.
      if (attempt === ATTEMPTS) throw error;
      await sleep(port === undefined ? 0 : 100);
    }
  }
}

function mending(): { mended: Promise<void>; mend: () => void } {
  let mend: () => void = () => undefined;
  const mended = new Promise<void>((resolve) => {
    mend = resolve;
  });
  return { mended, mend };
}
