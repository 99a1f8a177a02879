// Two shops over a Redis and an SQL of the demonstration's own, which can be taken away while somebody watches.
import { randomBytes } from "node:crypto";
import { cachedStore, fallbackStore, memoryStore } from "coatcheck";
import { redisStore, upstash } from "coatcheck/redis";
import { openLink } from "./link.js";
import { watched } from "./meter.js";
import { openRedis } from "./redis.js";
import { openSql } from "./sql.js";

/**
 * @typedef {import("coatcheck").Store} Store
 * @typedef {import("coatcheck").SessionEvent} SessionEvent
 * @typedef {import("./meter.js").Member} Member
 * @typedef {import("./link.js").Link} Link
 *
 * @typedef {{ kind: "cached" | "fallback", members: Member[], link: Link }} Outage what can be taken away, and who
 *   stands beside it
 * @typedef {import("./shops.js").Opened} Opened
 */

/** @type {Readonly<Record<Outage["kind"], readonly [name: string, role: string][]>>} */
const MEMBERS = {
  cached: [
    ["Redis", "holds copies"],
    ["SQL", "decides every change"],
  ],
  fallback: [
    ["Redis", "comes first"],
    ["SQL", "takes over from Redis"],
    ["Memory", "takes over from both"],
  ],
};

/** Redis has a second, of its own store; what decides gets more, on a machine that has other things to do. */
const TIMES = { timeoutMs: 3000, budgetMs: 5000 };

/**
 * @param {string | undefined} sqliteFile
 * @param {(event: SessionEvent, name: string) => void} onEvent told with the name of the store that it is about
 * @returns {Promise<Opened>}
 */
export async function openEmbedded(sqliteFile, onEvent) {
  const [sql, redis] = await Promise.all([openSql(sqliteFile), openRedis()]);
  const parts = [redis.description, sql.description, "the memory of this process"];
  const token = randomBytes(32).toString("base64url");
  const link = await openLink(redis.execute, token);
  const send = upstash({ url: link.url, token });

  /**
   * @param {Outage["kind"]} kind
   * @param {(stores: Store[], onEvent: (event: SessionEvent) => void) => Store} compose
   */
  function open(kind, compose) {
    const members = MEMBERS[kind].map(([name, role], at) => newMember(name, role, parts[at] ?? ""));
    // In Redis each shop has rows of its own: in one they are sessions, in the other copies. The plain function is
    // given, without what `send` says of Upstash: no other Redis locks by key.
    const atRedis = redisStore((command) => send(command), { prefix: `${kind}:` });
    const stores = [atRedis, sql.store, memoryStore()];
    const store = compose(
      members.map((member, at) => watched(stores[at] ?? atRedis, member)),
      (event) => {
        if (event.type !== "stepped-down" && event.type !== "stepped-up") return;
        const at = typeof event.store === "number" ? event.store : event.store === "cache" ? 0 : 1;
        const member = members[at];
        if (!member) return;
        member.isDown = event.type === "stepped-down";
        onEvent(event, `${kind}: ${member.name}`);
      },
    );
    return { store, outage: { kind, members, link } };
  }

  // In either shop a session can outlast Redis, so the index must, too.
  const index = { users: sql.users, usersName: `SQL (${sql.description})` };
  return {
    shops: [
      {
        ...open("cached", ([cache = sql.store, authority = sql.store], listener) =>
          cachedStore({ cache, authority, ...TIMES, onEvent: listener }),
        ),
        base: "",
        storeName: "SQL, with a copy in Redis",
        ...index,
      },
      {
        ...open("fallback", (stores, listener) =>
          fallbackStore(stores, { ...TIMES, onEvent: listener }),
        ),
        base: "/fallback",
        cookieName: "__Host-fallback",
        storeName: "Redis, else SQL, else memory",
        ...index,
      },
    ],
    lines: [`Redis: ${redis.description}`, `SQL: ${sql.description}`],
    secret: sql.secret,
    async close() {
      await link.close();
      await redis.close();
    },
  };
}

/**
 * @param {string} name
 * @param {string} role
 * @param {string} part what plays it
 * @returns {Member}
 */
function newMember(name, role, part) {
  return { name, role, part, asked: 0, answered: 0, failures: 0, isDown: false };
}
