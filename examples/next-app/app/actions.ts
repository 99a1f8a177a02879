"use server";
// What each form does to the visitor's session. It is saved when the action ends, by redirect() too.

import { redirect } from "next/navigation";
import { getSession, saveSession, withSession } from "../sessions";

export const signIn = withSession((session, form: FormData) => {
  const name = field(form, "name");
  // A real application checks a password or a passkey here.
  if (name === "") redirect("/");
  // Under a new id: one that was planted before is worth nothing. What another user left here does not come along.
  session.signIn(name);
  session.flash("notice", `Welcome, ${name}`);
  redirect("/");
});

export const addNote = withSession((session, form: FormData) => {
  const note = field(form, "note");
  // Whoever sends a form need not have seen the page: every action asks for itself.
  if (session.userId === undefined || note === "") redirect("/");
  // A function, so that of two tabs that add at the same moment both are heard.
  session.update((data) => {
    data.notes = [...data.notes, note].slice(-50);
  });
  session.flash("notice", "Note added");
  redirect("/");
});

export async function signOut() {
  // Asked for so, a sign-out that meets an outage is not forgotten.
  const session = await getSession({ readOnly: false, whenUnavailable: "anonymous" });
  session.signOut(); // in the store, so that a copy of the cookie is worth nothing either
  await saveSession(session);
  redirect("/");
}

function field(form: FormData, name: string): string {
  return String(form.get(name) ?? "")
    .trim()
    .slice(0, 200); // `maxlength` binds browsers alone
}
