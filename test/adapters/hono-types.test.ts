// How the type of the data flows through Hono. Checked by `tsc -p test/tsconfig.json`.

import { createSessions, memoryStore, perEnv, type Session } from "coatcheck";
import {
  getSession,
  refuseCrossSite,
  requireFresh,
  requireUser,
  session,
  type SessionEnv,
  type SessionVariables,
  type SignedIn,
} from "coatcheck/hono";
import { type Context, Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { describe, expectTypeOf, test } from "vitest";
import { SECRET, type Data } from "./hono-setup.ts";

describe("the type of the data", () => {
  const sessions = createSessions<Data>({
    secrets: [SECRET],
    store: memoryStore(),
    initial: () => ({ n: 0 }),
  });
  const carts = createSessions({
    secrets: [SECRET],
    store: memoryStore(),
    initial: () => ({ items: [] as string[] }),
    cookie: { name: "__Host-cart" },
  });
  type Cart = { items: string[] };
  const sessionsOf = perEnv((_env: { KEY: string }) => sessions);

  test("flows through chained calls, beside the application's own variables and bindings", () => {
    new Hono<{ Bindings: { KEY: string }; Variables: { user: string } }>()
      .use(session(sessions))
      .use(session(carts, "cart"))
      .use(async (c, next) => {
        expectTypeOf(getSession(c)).toEqualTypeOf<Promise<Session<Data>>>();
        await next();
      })
      .get("/:id", async (c) => {
        expectTypeOf(getSession(c)).toEqualTypeOf<Promise<Session<Data>>>();
        expectTypeOf(getSession(c, "session")).toEqualTypeOf<Promise<Session<Data>>>();
        expectTypeOf(getSession(c, "cart")).toEqualTypeOf<Promise<Session<Cart>>>();
        expectTypeOf(c.var.session()).toEqualTypeOf<Promise<Session<Data>>>();
        expectTypeOf(c.var.user).toEqualTypeOf<string>();
        expectTypeOf(c.env.KEY).toEqualTypeOf<string>();
        expectTypeOf(c.req.param("id")).toEqualTypeOf<string>();
        // @ts-expect-error No session has this name.
        void getSession(c, "basket");
        // @ts-expect-error This variable is no session.
        void (await getSession(c, "user")).data;
        return c.text("ok");
      });
  });

  test("is named once where calls are not chained", () => {
    const app = new Hono<SessionEnv<typeof sessions>>();
    app.use(session(sessions));
    app.use("/admin/*", session(sessions));
    app.get("/", async (c) => {
      expectTypeOf(getSession(c)).toEqualTypeOf<Promise<Session<Data>>>();
      return c.text("ok");
    });
    app.onError((_error, c) => {
      expectTypeOf(getSession(c)).toEqualTypeOf<Promise<Session<Data>>>();
      return c.text("sorry");
    });
    app.notFound((c) => {
      expectTypeOf(getSession(c)).toEqualTypeOf<Promise<Session<Data>>>();
      return c.text("not here");
    });
    const both = new Hono<SessionEnv<typeof sessions> & SessionEnv<typeof carts, "cart">>();
    both.use(session(sessions), session(carts, "cart"));
    both.get("/", async (c) => {
      expectTypeOf(getSession(c)).toEqualTypeOf<Promise<Session<Data>>>();
      expectTypeOf(getSession(c, "cart")).toEqualTypeOf<Promise<Session<Cart>>>();
      return c.text("ok");
    });
  });

  test("comes from middleware of one route too", () => {
    new Hono().get("/", session(sessions), async (c) => {
      expectTypeOf(getSession(c)).toEqualTypeOf<Promise<Session<Data>>>();
      return c.text("ok");
    });
  });

  test("comes from a function of the context", () => {
    interface Env {
      Bindings: { KEY: string };
    }
    new Hono<Env>().use(session((c) => sessionsOf(c.env))).get("/", async (c) => {
      expectTypeOf(getSession(c)).toEqualTypeOf<Promise<Session<Data>>>();
      expectTypeOf(c.env).toEqualTypeOf<{ KEY: string }>();
      return c.text("ok");
    });
    const app = new Hono<Env & SessionEnv<typeof sessionsOf>>();
    app.use(session((c: Context<Env>) => sessionsOf(c.env)));
    app.get("/", async (c) => {
      expectTypeOf(getSession(c)).toEqualTypeOf<Promise<Session<Data>>>();
      return c.text("ok");
    });
  });

  test("is known to helpers and to middleware of the application's own", () => {
    async function userOf(c: Context<SessionEnv<typeof sessions>>): Promise<string | undefined> {
      return (await getSession(c)).data.user;
    }
    const guard = createMiddleware<SessionEnv<typeof sessions>>(async (c, next) => {
      expectTypeOf(getSession(c)).toEqualTypeOf<Promise<Session<Data>>>();
      if ((await userOf(c)) === undefined) return c.text("Who is there?", 401);
      return next();
    });
    new Hono()
      .use(session(sessions))
      .use(guard)
      .get("/", async (c) => c.text(String(await userOf(c))));
  });

  test("knows of a user behind a guard, on its own route and no other", () => {
    new Hono<{ Bindings: { KEY: string } }>()
      .use(refuseCrossSite())
      .use(session(sessions))
      .use(session(carts, "cart"))
      .get("/user", requireUser({ redirect: "/" }), async (c) => {
        expectTypeOf(getSession(c)).toEqualTypeOf<Promise<SignedIn<Session<Data>>>>();
        const { userId, data } = await getSession(c);
        expectTypeOf(userId).toEqualTypeOf<string>();
        expectTypeOf(data).toEqualTypeOf<Data>();
        expectTypeOf(c.env.KEY).toEqualTypeOf<string>();
        return c.text("ok");
      })
      .get("/", async (c) => {
        expectTypeOf(getSession(c)).toEqualTypeOf<Promise<Session<Data>>>();
        return c.text("ok");
      })
      .use(requireFresh(300, { name: "cart" }))
      .get("/cart", async (c) => {
        expectTypeOf(getSession(c)).toEqualTypeOf<Promise<Session<Data>>>();
        expectTypeOf(getSession(c, "cart")).toEqualTypeOf<Promise<SignedIn<Session<Cart>>>>();
        return c.text("ok");
      });
    const app = new Hono<SessionEnv<typeof sessions>>();
    app.use(session(sessions));
    app.get("/", requireUser(), requireFresh(5), async (c) => {
      expectTypeOf((await getSession(c)).userId).toEqualTypeOf<string>();
      return c.text("ok");
    });
    new Hono().get("/", requireUser(), (c) => {
      // @ts-expect-error A guard opens no session by itself.
      void getSession(c);
      return c.text("ok");
    });
  });

  test("knows of no user where nobody knows a type", async () => {
    async function untyped(text: string) {
      const { userId } = await getSession({ var: JSON.parse(text) });
      expectTypeOf(userId).toEqualTypeOf<string | undefined>();
    }
    async function generic<Some extends object>(c: Context<SessionVariables<Some>>) {
      const opened: Session<Some> = await getSession(c);
      return opened;
    }
    expectTypeOf(untyped).toBeFunction();
    expectTypeOf(generic).toBeFunction();
  });

  test("may miss any property where sessions have no initial", () => {
    const loose = createSessions<Data>({ secrets: [SECRET], store: memoryStore() });
    new Hono().use(session(loose)).get("/", async (c) => {
      expectTypeOf((await getSession(c)).data).toEqualTypeOf<Partial<Data>>();
      return c.text("ok");
    });
  });

  test("is an error of the compiler where no middleware stands before", () => {
    new Hono().get("/", async (c) => {
      // @ts-expect-error The context has no session.
      void getSession(c);
      return c.text("ok");
    });
  });
});
