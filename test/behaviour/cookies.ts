// Cookies that are not ours: they cost no store command, open nothing, and are reported.

import { expect } from "chai";
import { memoryStore } from "coatcheck";
import { cookieJar } from "../support/jar.ts";
import type { Case } from "../support/suite.ts";
import { COOKIE, onMemory, openShop, type Shop, sessionCookie } from "./setup.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** A shop with one session, and its token. */
async function shopWithToken(): Promise<{ shop: Shop; token: string }> {
  const shop = openShop(memoryStore());
  const jar = cookieJar();
  await shop.visit(jar, ({ data }) => void data.n++);
  shop.counts.reset();
  shop.events.length = 0;
  return { shop, token: jar.get(COOKIE) ?? "" };
}

async function expectNothing(shop: Shop, header: string, reason?: string): Promise<void> {
  shop.events.length = 0;
  const session = await shop.open(header);
  const label = JSON.stringify(header.slice(0, 120));
  expect(session.isNew, label).to.equal(true);
  expect(session.data, label).to.deep.equal({ cart: [], n: 0 });
  expect(shop.counts.commands, label).to.equal(0);
  expect(shop.events, label).to.deep.equal(reason ? [{ type: "forged", reason }] : []);
}

export const cases: readonly Case[] = [
  {
    name: "R5 F33 a malformed cookie costs no store command and is reported",
    run: async () => {
      const { shop, token } = await shopWithToken();
      const [id = "", mac = ""] = token.split(".");
      const values = [
        "x",
        "null",
        "undefined",
        "../../etc/passwd",
        '{"$ne":null}',
        id,
        `${id}.`,
        `.${mac}`,
        `${token}.`,
        `${token}A`,
        `A${token}`,
        `${token} `,
        `"${token}"`,
        `${id}%2E${mac}`,
        `${id}.${mac.slice(0, -1)}`,
        `${id.slice(0, -1)}.${mac}`,
        `${id}..${mac}`,
        `${id}.${mac}=`,
        token.replace(".", ":"),
        "A".repeat(100_000),
      ];
      for (const value of values) await expectNothing(shop, `${COOKIE}=${value}`, "malformed");
    },
  },

  {
    name: "R5 an empty cookie, as left by a jar that deletes badly, costs no store command and is nothing to report",
    run: async () => {
      const { shop } = await shopWithToken();
      await expectNothing(shop, `${COOKIE}=`);
      await expectNothing(shop, `a=b; ${COOKIE}=; c=d`);
    },
  },

  {
    name: "R5 R10 one changed character anywhere is enough, unused bits of base64 included",
    run: async () => {
      const { shop, token } = await shopWithToken();
      const lasts = [42, token.length - 1];
      for (let at = 0; at < token.length; at++) {
        if (token[at] === ".") continue;
        const others = [...ALPHABET].filter((letter) => letter !== token[at]);
        const tried = lasts.includes(at) ? others : [others[at % others.length]];
        for (const letter of tried) {
          const forged = token.slice(0, at) + letter + token.slice(at + 1);
          shop.events.length = 0;
          const session = await shop.open(`${COOKIE}=${forged}`);
          expect(session.isNew, `${letter} at ${at}`).to.equal(true);
          expect(shop.types(), `${letter} at ${at}`).to.deep.equal(["forged"]);
        }
      }
      expect(shop.counts.commands).to.equal(0);
      expect((await shop.open(`${COOKIE}=${token}`)).isNew).to.equal(false);
    },
  },

  {
    name: "R10 F28 a cookie signed with another secret, or not at all, is refused",
    run: async () => {
      const { shop, token } = await shopWithToken();
      const [id = ""] = token.split(".");
      const other = openShop(memoryStore(), {
        secrets: ["another secret of more than thirty-two bytes"],
      });
      const jar = cookieJar();
      await other.visit(jar, ({ data }) => void data.n++);
      await expectNothing(shop, jar.header() ?? "", "signature");
      await expectNothing(shop, `${COOKIE}=${id}.${"A".repeat(43)}`, "signature");
    },
  },

  {
    name: "R10 the token of another cookie with the same secrets opens nothing",
    run: async () => {
      const { shop } = await shopWithToken();
      const admin = openShop(memoryStore(), { cookie: { name: "__Host-admin" } });
      const jar = cookieJar();
      await admin.visit(jar, ({ data }) => void data.n++);
      await expectNothing(shop, `${COOKIE}=${jar.get("__Host-admin")}`, "signature");
    },
  },

  {
    name: "R19 two cookies of the session's name open nothing, even when both are genuine",
    run: async () => {
      const { shop, token } = await shopWithToken();
      const twice = [
        `${COOKIE}=${token}; ${COOKIE}=${token}`,
        `${COOKIE}=${token}; a=b; ${COOKIE}=planted`,
        `${COOKIE}=; ${COOKIE}=${token}`,
      ];
      for (const header of twice) await expectNothing(shop, header, "duplicate");
    },
  },

  {
    name: "R18 F20 F21 only the exact name counts: no trimming, no decoding, no other case, no quotes, no nameless pair",
    run: async () => {
      const { shop, token } = await shopWithToken();
      const names = [
        `\u00a0${COOKIE}`,
        `\u2000${COOKIE}`,
        `\u000b${COOKIE}`,
        `\ufeff${COOKIE}`,
        "__host-session",
        "__HOST-session",
        "%5f%5fHost-session",
        "__Host%2Dsession",
        `x${COOKIE}`,
        `=${COOKIE}`,
        `"${COOKIE}`,
        `${COOKIE} `,
        `a, ${COOKIE}`,
        "session",
        "__Host-",
      ];
      for (const name of names) await expectNothing(shop, `${name}=${token}`);
      await expectNothing(shop, `$Version=1; ${COOKIE}="${token}"`, "malformed");
      await expectNothing(shop, COOKIE);
      await expectNothing(shop, `a=${COOKIE}=${token}`);
      await expectNothing(shop, `__proto__=1; constructor=2; toString`);
    },
  },

  {
    name: "R18 it is found among other cookies, wherever it stands",
    run: async () => {
      const { shop, token } = await shopWithToken();
      const headers = [
        `${COOKIE}=${token}`,
        `a=b; ${COOKIE}=${token}`,
        `${COOKIE}=${token}; a=b`,
        `a=b;${COOKIE}=${token};c=d`,
        `a=b; \t ${COOKIE}=${token};c`,
        `a="x; ${COOKIE}=${token}; y="`,
        `;;; ${COOKIE}=${token};`,
        `x${COOKIE}=1; ${COOKIE}=${token}; ${COOKIE}x=2`,
      ];
      for (const header of headers) {
        expect((await shop.open(header)).data.n, header.replace(token, "…")).to.equal(1);
      }
      expect(shop.events).to.deep.equal([]);
    },
  },

  {
    name: "R20 several Cookie header lines are one header, where the platform joins them as HTTP says",
    run: async () => {
      const { shop, token } = await shopWithToken();
      const headers = new Headers();
      headers.append("Cookie", "theme=dark");
      headers.append("Cookie", `${COOKIE}=${token}`);
      headers.append("Cookie", "lang=en");
      const session = await shop.sessions.load(headers);
      // Where `append` joins with a comma, the value of one cookie could pose as another: then it opens nothing.
      const isJoined = headers.get("Cookie") === `theme=dark; ${COOKIE}=${token}; lang=en`;
      expect(session.isNew).to.equal(!isJoined);
      expect(shop.types()).to.deep.equal([]);
    },
  },

  {
    name: "R7 F6 the token counts in the cookie alone: not in the URL, another header or the body",
    run: async () => {
      const { shop, token } = await shopWithToken();
      const request = new Request(
        `https://shop.example/?${COOKIE}=${token}&sid=${token};${COOKIE}=${token}`,
        {
          method: "POST",
          headers: {
            Authorization: `Bearer ${token}`,
            "X-Session": token,
            "Set-Cookie": `${COOKIE}=${token}`,
            Cookie2: `${COOKIE}=${token}`,
          },
          body: JSON.stringify({ [COOKIE]: token }),
        },
      );
      const session = await shop.sessions.load(request);
      expect(session.isNew).to.equal(true);
      expect(shop.counts.commands).to.equal(0);
    },
  },

  {
    name: "F26 a huge Cookie header is read in time proportional to its length",
    run: async () => {
      const { shop, token } = await shopWithToken();
      const noise = [
        `${" ".repeat(1_000_000)}x`,
        `x${COOKIE}=`.repeat(50_000),
        ";".repeat(1_000_000),
        `${"a=b; ".repeat(200_000)}`,
      ];
      const begin = Date.now();
      for (const text of noise) {
        expect((await shop.open(`${text}; ${COOKIE}=${token}`)).data.n).to.equal(1);
      }
      expect(Date.now() - begin).to.be.below(3000);
    },
  },

  onMemory(
    "R4 F1 a forged cookie is not adopted: the first change gets an id of its own",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      const chosen = `${"A".repeat(43)}.${"A".repeat(43)}`;
      jar.put(`${COOKIE}=${chosen}; Path=/; Secure`);
      const response = await shop.visit(jar, ({ data }) => void data.n++);
      expect(sessionCookie(response)).to.be.a("string");
      expect(jar.get(COOKIE)).to.not.contain("AAAAAAAA");
      expect(shop.types()).to.deep.equal(["forged", "created"]);
    },
  ),

  onMemory("R51 a forged cookie alone is left where it is", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    jar.put(`${COOKIE}=forged; Path=/; Secure`);
    const response = await shop.visit(jar);
    expect(response.headers.getSetCookie()).to.deep.equal([]);
    expect(shop.counts.commands).to.equal(0);
  }),

  {
    name: "R4 a genuine cookie of a session that is not there opens nothing, and is reported",
    run: async () => {
      const { token } = await shopWithToken();
      const shop = openShop(memoryStore());
      const session = await shop.open(`${COOKIE}=${token}`);
      expect(session.isNew).to.equal(true);
      expect(shop.events).to.have.length(1);
      expect(shop.events[0]).to.include({ type: "gone", during: "load", found: "nothing" });
    },
  },

  {
    name: "R48 no event carries the id, the token, a whole key or data",
    run: async () => {
      const shop = openShop(memoryStore());
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void (data.note = "private words"));
      const token = jar.get(COOKIE) ?? "";
      await shop.open(`${COOKIE}=${token}x`);
      await shop.open(`${COOKIE}=${token}; ${COOKIE}=${token}`);
      await shop.visit(jar, (session) => session.regenerate());
      await shop.open(`${COOKIE}=${token}`);
      await shop.visit(jar, (session) => session.destroy());
      const text = JSON.stringify(shop.events);
      for (const part of [...token.split("."), "private words"]) expect(text).to.not.contain(part);
      expect(text).to.not.match(/[\w-]{20}/);
    },
  },
];
