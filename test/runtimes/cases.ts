// Which portable cases every runtime runs.

import { expect } from "chai";
import type { Case } from "../support/suite.ts";

const placeholders: readonly Case[] = [
  {
    name: "the platform has the globals that the library stands on",
    run: async () => {
      for (const name of ["fetch", "Request", "Response", "Headers", "URL", "crypto"]) {
        expect(globalThis, name).to.have.property(name);
      }
    },
  },
  {
    name: "crypto.getRandomValues() does not answer zeros",
    run: async () => {
      const bytes = crypto.getRandomValues(new Uint8Array(32));
      expect(bytes.every((byte) => byte === 0)).to.equal(false);
    },
  },
  {
    name: "the bridge answers PING",
    run: async ({ url, token }) => {
      const response = await fetch(url, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify(["PING"]),
      });
      expect(await response.json()).to.deep.equal({ result: "PONG" });
    },
  },
];

export const cases: readonly Case[] = [...placeholders];
