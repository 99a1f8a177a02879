import { requireUser } from "coatcheck/next";
import { getSession } from "../../sessions";

export default async function Page() {
  const { userId } = requireUser(await getSession(), { redirect: "/second?from=account" });
  return <h1>{`For ${userId.toUpperCase()} alone`}</h1>;
}
