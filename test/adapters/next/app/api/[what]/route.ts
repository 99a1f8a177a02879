// Route handlers, by name.

import { setTimeout as sleep } from "node:timers/promises";
import { crossSiteGuard, requireFresh, requireUser } from "coatcheck/next";
import { cookies } from "next/headers";
import { notFound, permanentRedirect, redirect } from "next/navigation";
import { getSession, saveSession, withSession } from "../../../sessions";

const isCrossSite = crossSiteGuard({ trustedOrigins: ["https://admin.example.com"] });

type Handler = (request: Request) => Response | Promise<Response>;

/** What Next's own jar would write anew, or lose. */
const OWN_COOKIES = [
  "a=1; Path=/x; Expires=Wed, 01 Jan 2098 00:00:00 GMT",
  "a=2; Path=/y",
  "gone=; Path=/; Max-Age=0",
  'quoted=x:y/z"q; Path=/; Foo=bar',
];

const HANDLERS: Readonly<Record<string, Handler>> = {
  count: withSession((session, _request: Request) => {
    session.update((data) => void data.visits++);
    return Response.json(session.data);
  }),

  read: withSession(async (session, _request: Request) => Response.json(session.data)),

  "read-only": async () => Response.json((await getSession()).data),

  flash: withSession((session, request: Request) => {
    if (request.method === "POST") {
      session.flash("notice", "kept");
      return Response.json({});
    }
    return Response.json({ notice: session.flash("notice") ?? null });
  }),

  "by-hand": async () => {
    const session = await getSession({ readOnly: false });
    session.data.visits++;
    await saveSession(session);
    return Response.json(session.data);
  },

  /** A response of `fetch` has immutable headers. */
  fetched: withSession(async (session, request: Request) => {
    session.data.visits++;
    const { origin } = new URL(request.url);
    return fetch(`${origin}/api/plain`);
  }),
  plain: () => new Response("plain", { headers: { "x-plain": "1" } }),

  own: withSession((session, _request: Request) => {
    session.data.visits++;
    const headers = new Headers({ Vary: "Accept-Language", "x-own": "1" });
    for (const cookie of OWN_COOKIES) headers.append("Set-Cookie", cookie);
    return new Response("own", { headers });
  }),

  "save-then-cookie": withSession(async (session, _request: Request) => {
    session.data.visits++;
    await saveSession(session);
    (await cookies()).set("theme", "dark");
    return new Response("done");
  }),

  "change-visitor": withSession(async (session, _request: Request) => {
    session.destroy();
    await saveSession(session);
    const next = await getSession({ readOnly: false });
    next.data.name = "Bo";
    return new Response("changed");
  }),

  "used-up": withSession(async (session, _request: Request) => {
    session.data.visits++;
    const response = new Response("read before it is sent");
    await response.text();
    return response;
  }),

  "sign-in": withSession(async (session, _request: Request) => {
    (await cookies()).set("theme", "dark");
    session.regenerate();
    session.data.name = "Ada";
    return Response.json(session.data);
  }),

  "sign-out": withSession(async (session, _request: Request) => {
    session.destroy();
    (await cookies()).set("theme", "light");
    return new Response("out");
  }),

  "sign-out-by-hand": async () => {
    const session = await getSession({ readOnly: false, whenUnavailable: "anonymous" });
    session.destroy();
    try {
      await saveSession(session);
      return new Response("out");
    } catch {
      return new Response("try again", { status: 503, headers: { "Cache-Control": "no-store" } });
    }
  },

  "sign-out-and-throw": withSession((session, _request: Request): Response => {
    session.destroy();
    throw new Error("The handler failed after signing out");
  }),

  redirect: withSession((session, _request: Request) => {
    session.data.visits++;
    redirect("/second?a=1;b=2");
  }),

  permanent: withSession((session, _request: Request) => {
    session.data.visits++;
    permanentRedirect("/second");
  }),

  response: withSession((session, request: Request) => {
    session.data.visits++;
    return Response.redirect(new URL("/second", request.url));
  }),

  "not-found": withSession((session, _request: Request) => {
    session.data.visits++;
    notFound();
  }),

  throw: withSession((session, _request: Request): Response => {
    session.data.visits++;
    throw new Error("The handler failed");
  }),

  unavailable: withSession((session, _request: Request) => {
    session.data.visits++;
    return new Response("Not now", { status: 500 });
  }),

  "sign-in-ada": withSession((session, _request: Request) => {
    session.signIn("Ada");
    return new Response("in");
  }),

  user: withSession((session, _request: Request) => {
    const { userId } = requireUser(session);
    session.update((data) => void data.visits++);
    return new Response(userId.toUpperCase());
  }),

  "user-redirect": withSession((session, _request: Request) => {
    const { userId } = requireUser(session, { redirect: "/second?a=1;b=2" });
    return new Response(userId.toUpperCase());
  }),

  fresh: withSession((session, _request: Request) => {
    const { userId } = requireFresh(session, 2);
    return new Response(userId.toUpperCase());
  }),

  // As where a number comes from a variable that is not set.
  "fresh-unset": withSession((session, _request: Request) => {
    return new Response(requireFresh(session, undefined as unknown as number).userId);
  }),

  "user-read-only": async () => new Response(requireUser(await getSession()).userId),

  "fresh-by-hand": async () => {
    const session = requireFresh(await getSession({ readOnly: false }), 2, { redirect: "/second" });
    session.data.visits = 100;
    await saveSession(session);
    return new Response(session.userId);
  },

  "own-site": withSession((session, request: Request) => {
    if (isCrossSite(request)) return new Response("Forbidden", { status: 403 });
    session.update((data) => void data.visits++);
    return new Response("done");
  }),

  stream: withSession((session, _request: Request) => {
    session.data.visits++;
    let step = 0;
    const body = new ReadableStream<string>({
      async pull(controller) {
        if (step++ === 0) return controller.enqueue("first ");
        await sleep(500); // the response is on its way
        const said = attempt(() => session.data.visits++) + attempt(() => session.regenerate());
        controller.enqueue(said);
        return controller.close();
      },
    });
    return new Response(body.pipeThrough(new TextEncoderStream()));
  }),
};

function attempt(change: () => unknown): string {
  try {
    change();
    return "done ";
  } catch (error) {
    return `${String(error)} `;
  }
}

interface Context {
  readonly params: Promise<{ readonly what: string }>;
}

async function handle(request: Request, { params }: Context): Promise<Response> {
  const { what } = await params;
  return HANDLERS[what]?.(request) ?? new Response("No such case", { status: 404 });
}

export { handle as GET, handle as POST };
