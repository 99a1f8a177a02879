// Secrets rotate: nobody is signed out while the old one still verifies, and nothing opens once it is dropped.

import { expect } from "chai";
import { withClock } from "../support/clock.ts";
import { cookieJar } from "../support/jar.ts";
import type { Case } from "../support/suite.ts";
import { COOKIE, onStores, openShop, sessionCookie } from "./setup.ts";

const OLD = "the old secret, which is more than thirty-two bytes";
const NEW = "the new secret, which is more than thirty-two bytes";

export const cases: readonly Case[] = [
  ...onStores(
    "R10 a cookie of an older secret opens its session, and a read does not set it anew",
    async (store) => {
      const jar = cookieJar();
      await openShop(store, { secrets: [OLD] }).visit(jar, ({ data }) => void data.n++);
      const shop = openShop(store, { secrets: [NEW, OLD] });
      const response = await shop.visit(jar, ({ data }) => void expect(data.n).to.equal(1));
      expect(sessionCookie(response)).to.equal(undefined);
    },
  ),

  ...onStores(
    "R10 it is signed by the first secret when it is next set, with the same id",
    async (store) => {
      await withClock(async (clock) => {
        const jar = cookieJar();
        await openShop(store, { secrets: [OLD] }).visit(jar, ({ data }) => void data.n++);
        const [id, mac] = (jar.get(COOKIE) ?? "").split(".");
        clock.advance(86_400 / 10);
        await openShop(store, { secrets: [NEW, OLD] }).visit(jar);
        const [renewedId, renewedMac] = (jar.get(COOKIE) ?? "").split(".");
        expect(renewedId).to.equal(id);
        expect(renewedMac).to.not.equal(mac);
        expect((await openShop(store, { secrets: [NEW] }).open(jar)).data.n).to.equal(1);
      });
    },
  ),

  ...onStores(
    "R10 an instance that has the new secret second verifies what one with it first has signed",
    async (store) => {
      const jar = cookieJar();
      await openShop(store, { secrets: [NEW, OLD] }).visit(jar, ({ data }) => void data.n++);
      expect((await openShop(store, { secrets: [OLD, NEW] }).open(jar)).data.n).to.equal(1);
    },
  ),

  ...onStores(
    "R5 R10 a cookie of a dropped secret is refused without a store command",
    async (store) => {
      const jar = cookieJar();
      await openShop(store, { secrets: [OLD] }).visit(jar, ({ data }) => void data.n++);
      const shop = openShop(store, { secrets: [NEW] });
      const session = await shop.open(jar);
      expect(session.isNew).to.equal(true);
      expect(session.data).to.deep.equal({ cart: [], n: 0 });
      expect(shop.counts.commands).to.equal(0);
      expect(shop.events).to.deep.equal([{ type: "forged", reason: "signature" }]);
    },
  ),
];
