// The application: what each request does to the visitor's session.

import { getSession, session } from "coatcheck/hono";
import { type Context, Hono } from "hono";
import { csrf } from "hono/csrf";
import { streamText } from "hono/streaming";
import { page } from "./pages.ts";
import { sessions } from "./sessions.ts";

export const app = new Hono()
  .use(csrf())
  .use(session(sessions))

  .get("/", async (c) => {
    const visitor = await getSession(c);
    // Not to be kept by the browser either: Back, after signing out, shows no notes.
    c.header("Cache-Control", "no-store");
    return c.html(page({ ...visitor.data, name: visitor.userId, notice: visitor.flash("notice") }));
  })

  .post("/sign-in", async (c) => {
    const name = await field(c, "name");
    // A real application checks a password or a passkey here.
    if (name === "") return c.redirect("/", 303);
    const visitor = await getSession(c);
    // Under a new id: one that was planted before is worth nothing. What another user left here does not come along.
    visitor.signIn(name);
    visitor.flash("notice", `Welcome, ${name}`);
    return c.redirect("/", 303);
  })

  .post("/notes", async (c) => {
    const note = await field(c, "note");
    const visitor = await getSession(c);
    if (visitor.userId === undefined || note === "") return c.redirect("/", 303);
    // A function, so that of two tabs that add at the same moment both are heard.
    visitor.update((data) => {
      data.notes = [...data.notes, note].slice(-50);
    });
    visitor.flash("notice", "Note added");
    return c.redirect("/", 303);
  })

  .get("/notes.txt", async (c) => {
    const { data, userId } = await getSession(c);
    if (userId === undefined) return c.text("Sign in first\n", 401);
    c.header("Cache-Control", "no-store");
    return streamText(c, async (stream) => {
      for (const note of data.notes) await stream.writeln(note);
    });
  })

  .post("/sign-out", async (c) => {
    // Asked for so, a sign-out that meets an outage is not forgotten.
    const visitor = await c.var.session({ whenUnavailable: "anonymous" });
    visitor.signOut(); // in the store, so that a copy of the cookie is worth nothing either
    return c.redirect("/", 303);
  });

async function field(c: Context, name: string): Promise<string> {
  const form = await c.req.parseBody();
  return String(form[name] ?? "")
    .trim()
    .slice(0, 200); // `maxlength` binds browsers alone
}
