// The request that repeats an end meets others of the same visitor, in every order: the session is ended, wherever it
// went.

import { expect } from "chai";
import { memoryStore, type Session } from "coatcheck";
import { everyInterleaving, type Actor } from "../support/interleave.ts";
import type { Case } from "../support/suite.ts";
import { logoutUnconfirmed } from "./ending.ts";
import { codeOf, COOKIE, type Data, openShop } from "./setup.ts";

type Deed = (session: Session<Data>) => void;

const RIVALS: Readonly<Record<string, readonly Deed[]>> = {
  "a save": [({ data }) => void data.n++],
  "a regenerate": [(session) => session.regenerate()],
  "another logout": [(session) => session.destroy()],
  "a regenerate and a save": [(session) => session.regenerate(), ({ data }) => void data.n++],
  "a regenerate and a logout": [(session) => session.regenerate(), (session) => session.destroy()],
};

/** What one of the rivals could not save, because the session was ended or replaced. */
function isConflict(error: unknown): null {
  if (codeOf(error) !== "SESSION_CONFLICT") throw error;
  return null;
}

export const cases: readonly Case[] = Object.entries(RIVALS).flatMap(([name, deeds]) =>
  // Two and two meet in more orders than there is time for.
  [1, 2].slice(0, 3 - deeds.length).map((enders): Case => ({
    name: `R54 R30 ${name} beside ${enders} requests with the ending token: every order ends the session`,
    async run() {
      const orders = await everyInterleaving(async () => {
        const store = memoryStore();
        const { jar, before } = await logoutUnconfirmed(store);
        const cookies = [before.header()];
        const deletions: (string | undefined)[] = [];

        const ender: Actor = async ({ store: view }) => {
          const { sessions } = openShop(view);
          const session = await sessions.open(jar.header());
          expect(session.isNew).to.equal(true);
          deletions.push((await sessions.save(session))?.value);
        };
        const rival =
          (deed: Deed): Actor =>
          async ({ store: view }) => {
            const { sessions } = openShop(view);
            const session = await sessions.open(before.header());
            deed(session);
            const cookie = await sessions.save(session).catch(isConflict);
            if (cookie?.value) cookies.push(`${COOKIE}=${cookie.value}`);
          };

        return {
          store,
          actors: Object.fromEntries([
            ...Array.from({ length: enders }, (_, at) => [`ender ${at}`, ender]),
            ...deeds.map((deed, at) => [`rival ${at}`, rival(deed)]),
          ]),
          async check() {
            expect(deletions).to.deep.equal(Array.from({ length: enders }, () => ""));
            for (const cookie of cookies) {
              expect((await openShop(store).open(cookie)).isNew).to.equal(true);
            }
          },
        };
      });
      expect(orders).to.be.above(1);
    },
  })),
);
