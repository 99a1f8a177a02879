// No proxy comes before it.

import { getSession } from "../../sessions";

export default async function Page() {
  const { data } = await getSession();
  return <h1>{data.visits}</h1>;
}
