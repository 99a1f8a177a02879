// PostgreSQL is killed while visitors come and go, and started again.

import { setTimeout as sleep } from "node:timers/promises";
import { prismaStore } from "coatcheck/prisma";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { codeOf, openShop } from "../behaviour/setup.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import type { Client, Server } from "./databases.ts";
import { startPostgres } from "./postgres.ts";

let server: Server;
let client: Client;

beforeAll(async () => {
  server = await startPostgres();
  client = await server.connect({ max: 8 });
});

afterAll(async () => {
  await client?.$disconnect();
  await server?.stop();
});

/** A visitor, and what they were told of their session. */
interface Visitor {
  readonly jar: Jar;
  readonly cookies: Set<string>;
  /** Changes that were acknowledged, and that were begun. */
  saved: number;
  begun: number;
  /** Of the logout. */
  logout: "none" | "begun" | "acknowledged";
}

const shop = () => openShop(prismaStore(client.session, { timeoutMs: 2000 }));

/** Counts until told to stop; every third visitor signs out after a while. */
async function comeAndGo(visitor: Visitor, at: number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const isLeaving = at % 3 === 0 && visitor.saved > 3 + (at % 7);
    if (isLeaving && visitor.logout === "acknowledged") return;
    if (isLeaving) visitor.logout = "begun";
    else visitor.begun++;
    const status = await shop()
      .visit(visitor.jar, (session) => {
        if (isLeaving) session.destroy();
        else session.update((data) => void data.n++);
      })
      .then((response) => response.status, codeOf);
    const header = visitor.jar.header();
    if (header) visitor.cookies.add(header);
    if (status !== 200) await sleep(20);
    else if (isLeaving) visitor.logout = "acknowledged";
    else visitor.saved++;
  }
}

describeWith("postgres")("PostgreSQL that is killed", () => {
  test("R29 after a SIGKILL under load every acknowledged write is there, and every acknowledged logout holds", async () => {
    const visitors = Array.from({ length: 30 }, (): Visitor => {
      return { jar: cookieJar(), cookies: new Set(), saved: 0, begun: 0, logout: "none" };
    });
    let isOver = false;
    const load = Promise.all(visitors.map((each, at) => comeAndGo(each, at, () => isOver)));
    for (let crash = 0; crash < 2; crash++) {
      await sleep(1500);
      await server.kill();
      await sleep(300);
      await server.restart();
    }
    await sleep(1000);
    isOver = true;
    await load;

    const signedOut = visitors.filter(({ logout }) => logout === "acknowledged");
    expect(signedOut.length).toBeGreaterThan(0);
    for (const { cookies } of signedOut) {
      for (const cookie of cookies) expect((await shop().open(cookie)).isNew).toBe(true);
    }
    for (const { jar, saved, begun, logout } of visitors) {
      if (logout !== "none") continue;
      const session = await shop().open(jar);
      expect(session.isNew).toBe(false);
      expect(session.data.n).toBeGreaterThanOrEqual(saved);
      expect(session.data.n).toBeLessThanOrEqual(begun);
    }
  }, 60_000);
});
