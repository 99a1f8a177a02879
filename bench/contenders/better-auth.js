// better-auth over a secondary storage, which is where it keeps sessions: read alone, since what it writes is users.

// @ts-check

import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { web } from "../web.js";
import { DATA, DAY_SECONDS, NOBODY, SECRET } from "../work.js";

/** @type {import("../work.js").Contender<Request, Response>} */
export const contender = {
  name: "better-auth",
  keeps: "store",
  platform: web,
  create(rows) {
    const auth = betterAuth({
      baseURL: "https://shop.example",
      secret: SECRET,
      database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
      secondaryStorage: {
        get: rows.get,
        set: rows.set,
        delete: rows.delete,
        async getAndDelete(key) {
          const value = await rows.get(key);
          await rows.delete(key);
          return value;
        },
        increment() {
          throw new Error("Nothing limits the rate");
        },
      },
      emailAndPassword: { enabled: true },
      session: {
        expiresIn: DAY_SECONDS,
        additionalFields: { data: { type: "json", required: false } },
      },
      rateLimit: { enabled: false },
      telemetry: { enabled: false },
    });

    return {
      async begin() {
        const signedUp = await auth.api.signUpEmail({
          body: { name: DATA.name, email: `${crypto.randomUUID()}@shop.example`, password: SECRET },
          asResponse: true,
        });
        const cookie = signedUp.headers
          .getSetCookie()
          .map((each) => each.split(";")[0])
          .join("; ");
        await auth.api.updateSession({ headers: { cookie }, body: { data: DATA } });
        return signedUp;
      },
      async read({ headers }) {
        const found = await auth.api.getSession({ headers });
        const { name = NOBODY } = /** @type {{ name?: string }} */ (found?.session.data ?? {});
        return new Response(name);
      },
    };
  },
};
