import { requireFresh } from "coatcheck/next";
import { getSession } from "../../../sessions";

export default async function Page() {
  const { userId } = requireFresh(await getSession(), 2, { redirect: "/second?from=fresh" });
  return <h1>{`For ${userId.toUpperCase()} alone`}</h1>;
}
