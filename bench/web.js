// Requests and answers of the Web platform.

// @ts-check

/** @type {import("./work.js").Platform<Request, Response>} */
export const web = {
  speaks: "Web",
  request: (cookie, query = "") =>
    new Request(
      `https://shop.example/${query}`,
      cookie === undefined ? {} : { headers: { cookie } },
    ),
  answer: async (response) => ({
    status: response.status,
    body: await response.text(),
    cookies: response.headers.getSetCookie(),
  }),
};

/**
 * The property that a request of `mark` names.
 * @param {Request} request
 */
export function keyOf(request) {
  return new URL(request.url).searchParams.get("key") ?? "";
}
