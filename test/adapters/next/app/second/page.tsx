import { cookies, headers } from "next/headers";
import Link from "next/link";
import { getSession } from "../../sessions";

export default async function Page() {
  const session = await getSession();
  const names = (await cookies()).getAll().map(({ name }) => name);
  const incoming = await headers();
  return (
    <main>
      <h1>{session.data.visits}</h1>
      <p id="flash">{String(session.flash("notice"))}</p>
      <p id="new">{String(session.isNew)}</p>
      <p id="cookies">{names.toSorted().join(" ")}</p>
      <p id="header">{incoming.get("cookie") ?? ""}</p>
      <Link href="/">Home</Link>
    </main>
  );
}
