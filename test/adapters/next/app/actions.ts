"use server";

import { revalidatePath } from "next/cache";
import { cookies } from "next/headers";
import { notFound, redirect } from "next/navigation";
import { requireFresh, requireUser } from "coatcheck/next";
import { after } from "next/server";
import { getSession, saveSession, withSession } from "../sessions";

export const count = withSession((session) => {
  session.update((data) => void data.visits++);
});

export const countAndRevalidate = withSession((session) => {
  session.data.visits++;
  session.flash("notice", "revalidated");
  revalidatePath("/");
});

export const countAndRedirect = withSession((session) => {
  session.data.visits++;
  session.flash("notice", "redirected");
  redirect("/second");
});

export const countAndNotFound = withSession((session) => {
  session.data.visits++;
  notFound();
});

export const countAndThrow = withSession((session) => {
  session.data.visits++;
  throw new Error("The action failed");
});

export async function countByHand() {
  const session = await getSession({ readOnly: false });
  session.data.visits++;
  await saveSession(session);
  session.data.visits++;
  await saveSession(session);
  redirect("/second");
}

/** One wrapped action calls another: one session, saved once. */
export const countTwice = withSession(async (session) => {
  session.data.visits++;
  await count();
  const seen = await getSession();
  session.flash("notice", `seen ${seen.data.visits}`);
});

export const countThenSetCookie = withSession(async (session) => {
  session.data.visits++;
  await saveSession(session);
  (await cookies()).set("theme", "dark");
});

export const setCookieThenCount = withSession(async (session) => {
  (await cookies()).set("theme", "dark");
  session.data.visits++;
});

export const signIn = withSession((session) => {
  session.regenerate();
  session.data.name = "Ada";
});

export const signOut = withSession(async (session) => {
  session.destroy();
  (await cookies()).set("theme", "light");
});

export const signOutAndRedirect = withSession((session) => {
  session.destroy();
  redirect("/second");
});

export const signOutAndThrow = withSession((session) => {
  session.destroy();
  throw new Error("The action failed after signing out");
});

export async function signOutByHand() {
  const session = await getSession({ readOnly: false, whenUnavailable: "anonymous" });
  session.destroy();
  await saveSession(session);
  redirect("/second");
}

/** The same in a wrapped one, which saves what was begun. */
export const changeVisitorInside = withSession(async (session) => {
  session.destroy();
  await saveSession(session);
  const next = await getSession({ readOnly: false });
  next.data.name = "Cora";
});

/** Two side by side, of which neither is within the other. */
export async function countSideBySide() {
  await Promise.all([count(), countSlowly()]);
  redirect("/second");
}

const countSlowly = withSession(async (session) => {
  await new Promise((resolve) => setTimeout(resolve, 200));
  session.data.tags.push("slow");
});

/** By hand, with a wrapped one in between. */
export async function countAround() {
  const session = await getSession({ readOnly: false });
  session.data.visits++;
  await count();
  session.data.visits++;
  await saveSession(session);
  redirect("/second");
}

export const toRegenerated = withSession((session) => {
  session.data.visits++;
  redirect("/second/regenerated");
});

/** Signs out by hand, then begins anew in the same action. */
export async function changeVisitor() {
  const session = await getSession({ readOnly: false });
  session.destroy();
  await saveSession(session);
  const next = await getSession({ readOnly: false });
  next.data.name = "Bo";
  await saveSession(next);
}

export const changeLate = withSession((session) => {
  session.data.visits++;
  after(() => {
    try {
      session.data.visits++;
      session.update((data) => void data.visits++);
    } catch (error) {
      console.log(`late: ${String(error)}`);
    }
  });
});

export const nothing = withSession(() => redirect("/second"));

/** Names who is signed in. */
export const nameUser = withSession((session) => {
  const { userId } = requireUser(session, { redirect: "/second" });
  session.data.name = userId.toUpperCase();
  revalidatePath("/");
});

export const countForFresh = withSession((session) => {
  requireFresh(session, 2, { redirect: "/second" });
  session.data.visits = 100;
});

export const countStrictly = withSession((session) => {
  requireUser(session);
  session.data.visits = 100;
});

export const signInAda = withSession((session) => session.signIn("Ada"));
