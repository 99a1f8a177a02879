// The application: what each request does to the visitor's session.

import type { LoadOptions, Session } from "coatcheck";
import { page } from "./pages.ts";
import type { Data } from "./sessions.ts";

export async function app(
  request: Request,
  getSession: (options?: LoadOptions) => Promise<Session<Data>>,
): Promise<Response> {
  const { method, headers, url } = request;
  // The cookie does not come along from other sites (SameSite=Lax); this keeps out other hosts of one's own site too.
  const site = headers.get("sec-fetch-site") ?? "same-origin";
  if (method === "POST" && site !== "same-origin")
    return new Response("Forbidden\n", { status: 403 });

  switch (`${method} ${new URL(url).pathname}`) {
    case "GET /": {
      const session = await getSession();
      const notice = session.flash("notice");
      return new Response(page({ ...session.data, name: session.userId, notice }), {
        headers: {
          "Content-Type": "text/html; charset=utf-8",
          // Not to be kept by the browser either: Back, after signing out, shows no notes.
          "Cache-Control": "no-store",
        },
      });
    }

    case "POST /sign-in": {
      const name = await field(request, "name");
      // A real application checks a password or a passkey here.
      if (name === "") return toStart();
      const session = await getSession();
      // Under a new id: one that was planted before is worth nothing. What another user left here does not come along.
      session.signIn(name);
      session.flash("notice", `Welcome, ${name}`);
      return toStart();
    }

    case "POST /notes": {
      const note = await field(request, "note");
      const session = await getSession();
      if (session.userId === undefined || note === "") return toStart();
      // A function, so that of two tabs that add at the same moment both are heard.
      session.update((data) => {
        data.notes = [...data.notes, note].slice(-50);
      });
      session.flash("notice", "Note added");
      return toStart();
    }

    case "GET /notes.txt": {
      const { data, userId } = await getSession();
      if (userId === undefined) return new Response("Sign in first\n", { status: 401 });
      return new Response(stream(data.notes), {
        headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" },
      });
    }

    case "POST /sign-out": {
      // Asked for so, a sign-out that meets an outage is not forgotten.
      const session = await getSession({ whenUnavailable: "anonymous" });
      session.signOut(); // in the store, so that a copy of the cookie is worth nothing either
      return toStart();
    }
  }
  return new Response("Not found\n", { status: 404 });
}

function toStart(): Response {
  return new Response(null, { status: 303, headers: { Location: "/" } });
}

/** Line after line, while the response is on its way. */
function stream(lines: readonly string[]): ReadableStream<Uint8Array> {
  const rest = lines.values();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = rest.next();
      if (done) controller.close();
      else controller.enqueue(new TextEncoder().encode(`${value}\n`));
    },
  });
}

async function field(request: Request, name: string): Promise<string> {
  const form = await request.formData();
  return String(form.get(name) ?? "")
    .trim()
    .slice(0, 200); // `maxlength` binds browsers alone
}
