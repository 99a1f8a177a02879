// Sign-ins, ends, renewals and new ids of one user meet, in every order: whoever was met is out, whoever is in is
// listed.

import { expect } from "chai";
import { memoryStore, memoryUsers, type Session, type SessionOptions } from "coatcheck";
import { withClock } from "../support/clock.ts";
import { type Actor, everyInterleaving } from "../support/interleave.ts";
import type { Case } from "../support/suite.ts";
import { codeOf, COOKIE, type Data, openShop, type Shop } from "./setup.ts";

/** What one of several does, and what it has left behind. */
interface Deed {
  readonly name: string;
  /** With the session that stands there already, or with none. */
  readonly cookie: "own" | "none";
  readonly act: (session: Session<Data>, shop: Shop) => void | Promise<void>;
}

const signIn: Deed = { name: "a sign-in", cookie: "none", act: (session) => session.signIn("ada") };
const signInAgain: Deed = { ...signIn, name: "a sign-in again", cookie: "own" };
const other: Deed = {
  name: "a sign-in of somebody else's",
  cookie: "own",
  act: (session) => session.signIn("bob"),
};
const regenerate: Deed = { name: "regenerate", cookie: "own", act: (it) => it.regenerate() };
const elevate: Deed = { name: "elevate", cookie: "own", act: (it) => it.elevate() };
const save: Deed = { name: "a save", cookie: "own", act: ({ data }) => void data.n++ };
const signOut: Deed = { name: "a sign-out", cookie: "own", act: (it) => it.signOut() };

interface Meeting {
  readonly deeds: readonly Deed[];
  readonly ends: "all" | "one" | "nothing";
  readonly options?: Partial<SessionOptions<Data>>;
}

const MEETINGS: readonly Meeting[] = [
  { deeds: [signIn], ends: "all" },
  { deeds: [signInAgain], ends: "all" },
  { deeds: [other], ends: "all" },
  { deeds: [regenerate], ends: "all" },
  { deeds: [elevate], ends: "all" },
  { deeds: [save], ends: "all" },
  { deeds: [signOut], ends: "all" },
  { deeds: [regenerate], ends: "one" },
  { deeds: [signInAgain], ends: "one" },
  { deeds: [signOut], ends: "one" },
  { deeds: [signIn, signIn], ends: "nothing", options: { maxPerUser: 1 } },
  { deeds: [signIn, signInAgain], ends: "nothing", options: { maxPerUser: 1 } },
  { deeds: [signIn, regenerate], ends: "nothing", options: { maxPerUser: 1 } },
];

function titleOf({ deeds, ends, options }: Meeting): string {
  const names = deeds.map(({ name }) => name).join(" and ");
  if (ends === "nothing") return `R33 ${names}, with a limit of ${options?.maxPerUser}`;
  return `R31 R30 ${names} beside the end of ${ends === "all" ? "all sessions" : "that one"}`;
}

/** What one of them could not save, because the session was ended or replaced. */
function isConflict(error: unknown): null {
  if (codeOf(error) !== "SESSION_CONFLICT") throw error;
  return null;
}

export const cases: readonly Case[] = MEETINGS.map((meeting) => ({
  name: `${titleOf(meeting)}: every order leaves nobody in who was met, and nobody unlisted`,
  run: () =>
    withClock(async (clock) => {
      const { deeds, ends, options } = meeting;
      const orders = await everyInterleaving(async () => {
        const store = memoryStore();
        const users = memoryUsers();
        const shop = openShop(store, { users });
        const session = await shop.open(null);
        session.signIn("ada");
        const { value } = (await shop.sessions.save(session)) ?? {};
        const own = `${COOKIE}=${value}`;
        const { handle = "" } = session;
        const cookies = [own];
        /** Entries that were answered before the end began to mark. */
        const met = new Set<string>();
        let isMarking = false;

        const actorOf =
          ({ cookie, act }: Deed): Actor =>
          async (view) => {
            const mine = openShop(view.store, {
              ...options,
              users: {
                ...view.users,
                async add(...entry) {
                  await view.users.add(...entry);
                  if (!isMarking) met.add(entry[1].key);
                },
              },
            });
            const opened = await mine.open(cookie === "own" ? own : null);
            if (cookie === "own" && opened.isNew && act !== signIn.act) return;
            // No two sign in at one instant, so that no order hangs on what is random in their handles.
            clock.advance(0.001);
            await act(opened, mine);
            const set = await mine.sessions.save(opened).catch(isConflict);
            if (set?.value) cookies.push(`${COOKIE}=${set.value}`);
          };
        const ender: Actor = async (view) => {
          const mine = openShop(view.store, {
            users: {
              ...view.users,
              async retire(...given) {
                await view.users.retire(...given);
                isMarking = true;
              },
              async list(...query) {
                const entries = await view.users.list(...query);
                isMarking = true;
                return entries;
              },
            },
          });
          if (ends === "all") await mine.sessions.user("ada").endAll();
          else await mine.sessions.user("ada").end(handle);
        };

        const actors = deeds.map((deed, at) => [`${at} ${deed.name}`, actorOf(deed)] as const);
        return {
          store,
          users,
          actors: Object.fromEntries(ends === "nothing" ? actors : [...actors, ["the end", ender]]),
          async check() {
            const listed: string[] = [];
            const after = openShop(store, {
              users: {
                ...users,
                async list(...query) {
                  const entries = await users.list(...query);
                  listed.push(...entries.map(({ key }) => key));
                  return entries;
                },
              },
            });
            const alive: string[] = [];
            for (const each of cookies) {
              const found = await after.open(each);
              if (found.userId !== "ada") continue;
              alive.push(found.handle ?? "");
            }
            const { sessions } = await after.sessions.user("ada").list();
            expect(sessions.map((each) => each.handle)).to.have.members(alive);
            if (options?.maxPerUser) expect(alive).to.have.length(options.maxPerUser);
            if (ends === "nothing") return;
            // What only lived on under a new id has been met, too.
            const isNew = deeds.some(({ act }) => act === signIn.act);
            if (!isNew) expect(alive).to.deep.equal([]);
            expect((await after.open(own)).isNew, "it was there before").to.equal(true);
            expect(listed.filter((key) => met.has(key))).to.deep.equal([]);
            // A sign-in beside the end of one session may be another session.
            if (ends === "one" || met.size === 0) return;
            expect(alive, "whoever was entered in time").to.deep.equal([]);
          },
        };
      });
      expect(orders).to.be.above(1);
    }),
}));
