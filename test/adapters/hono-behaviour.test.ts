// The behaviour suite of the core, unchanged, through the Hono adapter: whatever a story makes, its `handler` is a Hono
// application with the middleware.

import { createSessions, type Sessions, type SessionOptions, type Store } from "coatcheck";
import { session } from "coatcheck/hono";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { behaviour } from "../behaviour/all.ts";
import { SECRET } from "../behaviour/setup.ts";
import { type StartedWorld, startWorld } from "../support/world.ts";

const served = vi.hoisted(() => ({ requests: 0 }));

vi.mock("coatcheck", async (importOriginal) => {
  const original = await importOriginal<typeof import("coatcheck")>();
  const create = original.createSessions as (options: SessionOptions<object>) => Sessions<object>;
  return {
    ...original,
    createSessions: (options: SessionOptions<object>) => throughHono(create(options)),
  };
});

/** The same sessions, with a `handler` that asks a Hono application. What is thrown there comes through, as there. */
function throughHono<Data extends object>(sessions: Sessions<Data>): Sessions<Data> {
  return {
    ...sessions,
    handler:
      (handle) =>
      async (request, ...rest) => {
        const thrown: unknown[] = [];
        const app = new Hono()
          .use(session(sessions))
          .all("*", (c) => handle(request, (options) => c.var.session(options), ...rest));
        app.onError((error, c) => {
          if ("getResponse" in error) return error.getResponse();
          thrown.push(error);
          return c.text("broken", 500);
        });
        served.requests++;
        const response = await app.fetch(request);
        if (thrown.length > 0) throw thrown[0];
        return response;
      },
  };
}

describe("the behaviour suite through Hono", () => {
  let started: StartedWorld;

  beforeAll(async () => {
    started = await startWorld();
  });

  afterAll(() => started.stop());

  test("a handler of these stories is a Hono application", async () => {
    const store: Store = { read: async () => null, write: async () => ({ swapped: true }) };
    const before = served.requests;
    const handle = createSessions({ secrets: [SECRET], store }).handler(() => new Response("ok"));
    expect(await (await handle(new Request("http://localhost/"))).text()).toBe("ok");
    expect(served.requests).toBe(before + 1);
  });

  for (const { name, run } of behaviour) test(name, () => run(started.world));
});
