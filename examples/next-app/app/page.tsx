// The one page. A component reads the session, and cannot change it.

import { headers } from "next/headers";
import { getSession } from "../sessions";
import { addNote, signIn, signOut } from "./actions";

export default async function Page() {
  const { data, userId } = await getSession();
  return (
    <>
      <Notice />
      {userId === undefined ? <SignIn /> : <Notebook name={userId} notes={data.notes} />}
    </>
  );
}

/**
 * What the request before this one had to say, as the proxy hands it on. A visitor who goes around the proxy could
 * write it: it is shown, and nothing is believed on its word.
 */
async function Notice() {
  const notice = new URLSearchParams((await headers()).get("x-notice") ?? "").get("notice");
  return (
    notice && (
      <p className="notice" role="status">
        {notice}
      </p>
    )
  );
}

function SignIn() {
  return (
    <form action={signIn}>
      <label htmlFor="name">Your name</label>
      <input id="name" name="name" required maxLength={40} autoComplete="username" />
      <button className="main">Sign in</button>
    </form>
  );
}

function Notebook({ name, notes }: { name: string; notes: readonly string[] }) {
  return (
    <>
      <form action={addNote}>
        <label htmlFor="note">New note</label>
        <input id="note" name="note" required maxLength={200} autoComplete="off" />
        <button className="main">Add</button>
      </form>
      {notes.length === 0 ? (
        <p className="quiet">Nothing noted yet.</p>
      ) : (
        <ul>
          {notes.map((note, index) => (
            <li key={index}>{note}</li>
          ))}
        </ul>
      )}
      <form action={signOut}>
        <p>
          Signed in as <strong>{name}</strong>. <a href="/notes.txt">Notes as text</a>
        </p>
        <button>Sign out</button>
      </form>
    </>
  );
}
