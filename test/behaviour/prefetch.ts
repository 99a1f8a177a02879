// A browser fetches ahead: nobody has looked, so nothing is used up and nobody was there.

import { expect } from "chai";
import { withClock } from "../support/clock.ts";
import { cookieJar } from "../support/jar.ts";
import type { Case } from "../support/suite.ts";
import { onStores, openShop, sessionCookie } from "./setup.ts";

const PREFETCHES: readonly Readonly<Record<string, string>>[] = [
  { "Sec-Purpose": "prefetch" },
  { "Sec-Purpose": "prefetch;prerender" },
  { Purpose: "prefetch" },
  { "Next-Router-Prefetch": "1" },
];

export const cases: readonly Case[] = PREFETCHES.flatMap((headers) => {
  const [name = ""] = Object.entries(headers).map((pair) => pair.join(": "));
  return [
    ...onStores(`R26 a prefetch (${name}) renews nothing`, async (store) => {
      await withClock(async (clock) => {
        const shop = openShop(store, { idleTimeout: 3600 });
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void data.n++);
        const { expiresAt } = await shop.open(jar);
        clock.advance(1000);
        shop.counts.reset();
        const response = await shop.visit(
          jar,
          ({ data }) => void expect(data.n).to.equal(1),
          headers,
        );
        expect(sessionCookie(response)).to.equal(undefined);
        expect(shop.counts.writes).to.equal(0);
        const writing = await shop.visit(jar, ({ data }) => void data.n++, headers);
        expect(sessionCookie(writing)).to.equal(undefined);
        const session = await shop.open(jar);
        expect(session.data.n).to.equal(2);
        expect(session.expiresAt).to.equal(expiresAt);
      });
    }),

    ...onStores(`a flash value shown on a prefetch (${name}) stays`, async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, (session) => session.flash("note", "saved"));
      for (let times = 0; times < 2; times++) {
        const show = (session: { flash(key: string): unknown }) => {
          expect(session.flash("note")).to.equal("saved");
        };
        await shop.visit(jar, show, headers);
      }
      expect(shop.counts.writes).to.equal(1);
      expect((await shop.open(jar)).flash("note")).to.equal("saved");
    }),
  ];
});
