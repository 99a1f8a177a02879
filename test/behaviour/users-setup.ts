// What the stories of users share: a shop in memory, somebody who is signed in there, and what is listed of them.

import { memoryStore, memoryUsers, type Store, type UserIndex } from "coatcheck";
import type { Case } from "../support/suite.ts";
import { COOKIE, openShop, type Shop } from "./setup.ts";

/** Signs somebody in, in a browser of their own, and answers its Cookie header. */
export async function cookieOf(shop: Shop, user: string): Promise<string> {
  const session = await shop.open(null);
  session.signIn(user);
  const cookie = await shop.sessions.save(session);
  return `${COOKIE}=${cookie?.value}`;
}

export async function handlesOf(shop: Shop, user = "ada"): Promise<(string | undefined)[]> {
  return (await shop.sessions.user(user).list()).sessions.map(({ handle }) => handle);
}

/** A case over memory: the core alone is its subject. */
export function inMemory(
  name: string,
  run: (given: { store: Store; users: UserIndex; shop: Shop }) => Promise<void>,
): Case {
  return {
    name,
    async run() {
      const store = memoryStore();
      const users = memoryUsers();
      await run({ store, users, shop: openShop(store, { users }) });
    },
  };
}
