// The notes as text: a route handler, which reads the session the same way.

import { withSession } from "../../sessions";

export const GET = withSession(({ data, userId }, _request: Request) => {
  if (userId === undefined) return new Response("Sign in first\n", { status: 401 });
  return new Response(stream(data.notes), {
    headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" },
  });
});

/** Line after line, while the response is on its way. */
function stream(lines: readonly string[]): ReadableStream<Uint8Array> {
  const rest = lines.values();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = rest.next();
      if (done) controller.close();
      else controller.enqueue(new TextEncoder().encode(`${value}\n`));
    },
  });
}
