import { setTimeout as sleep } from "node:timers/promises";
import { Suspense } from "react";
import { getSession } from "../../sessions";

export default function Page() {
  return (
    <main>
      <h1>At once</h1>
      <Suspense fallback={<p>Later</p>}>
        <Slow />
      </Suspense>
    </main>
  );
}

/** Asks when the headers are long gone. */
async function Slow() {
  const first = await getSession();
  await sleep(400);
  const { data } = await getSession();
  return <p id="slow">{`${first.data.visits} and ${data.visits}`}</p>;
}
