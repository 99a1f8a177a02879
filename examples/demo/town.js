// Several shops at one address, each below a path of its own.

/** @typedef {{ base: string, handle: (request: Request) => Promise<Response> }} App */

/**
 * @param {readonly App[]} apps the first one has what no other has
 * @returns {(request: Request) => Promise<Response>}
 */
export function createTown(apps) {
  const [first, ...others] = apps;
  if (!first) throw new Error("there is no shop");
  return async (request) => {
    const { pathname } = new URL(request.url);
    for (const { base, handle } of others) {
      if (pathname.startsWith(`${base}/`)) return handle(request);
      if (pathname === base) {
        return new Response(null, { status: 308, headers: { Location: `${base}/` } });
      }
    }
    return first.handle(request);
  };
}
