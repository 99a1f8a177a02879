import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { getSession } from "../../sessions";

export default async function Page() {
  const { data } = await getSession();
  // Whatever the proxy has said: it can be passed by.
  if (data.name === undefined) redirect("/");
  return (
    <main>
      <h1>{`For ${data.name} alone`}</h1>
      <p id="for-page">{(await headers()).get("x-for-page")}</p>
      <p id="cookie">{(await headers()).get("cookie")}</p>
    </main>
  );
}
