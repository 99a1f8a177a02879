// What the compiler forbids, done all the same.

import { getSession, saveSession, withSession } from "../../sessions";

type Anything = Record<string, (...args: unknown[]) => unknown> & { data: Record<string, unknown> };

export default async function Page() {
  const session = await getSession();
  const loose = session as unknown as Anything;
  const tries: Record<string, () => unknown> = {
    set: () => (loose.data["visits"] = 5),
    push: () => (session.data.tags as string[]).push("x"),
    delete: () => delete loose.data["visits"],
    update: () => loose["update"]?.(() => {}),
    flash: () => loose["flash"]?.("notice", "x"),
    regenerate: () => loose["regenerate"]?.(),
    destroy: () => loose["destroy"]?.(),
    getSession: () => getSession({ readOnly: false }),
    saveSession: () => saveSession(session as never),
    withSession: () => withSession(() => {})(),
  };
  const said: string[] = [];
  for (const [name, attempt] of Object.entries(tries)) {
    said.push(
      `${name}: ${await Promise.resolve()
        .then(attempt)
        .then(() => "done", String)}`,
    );
  }
  return (
    <ul>
      {said.map((line) => (
        <li key={line}>{line}</li>
      ))}
      <li>{`still: ${session.data.visits} ${session.data.tags.join()}`}</li>
    </ul>
  );
}
