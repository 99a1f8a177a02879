import { withSession } from "../../../sessions";

export const runtime = "edge";

export const GET = withSession((session, _request: Request) => {
  session.data.visits++;
  return Response.json({ visits: session.data.visits, edge: "EdgeRuntime" in globalThis });
});
