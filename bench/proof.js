// That a contender's answers are right. Nothing is timed before.

// @ts-check

import { createVisitor, forge } from "./visitor.js";
import { DATA, NOBODY, USER } from "./work.js";
import { nearRows } from "./rows.js";

const WRITES = 5;
export const FORGED = 1_000;

/**
 * @template Incoming
 * @template Outgoing
 * @param {import("./work.js").Contender<Incoming, Outgoing>} contender
 * @throws Error that says which answer is wrong
 */
export async function prove({ name, keeps, platform, create }) {
  const { begin, read, write, signIn } = await create(nearRows());
  const visitor = createVisitor(platform);

  /**
   * @param {string} what
   * @param {import("./work.js").Answer} answer
   * @param {string} body
   */
  function expect(what, answer, body) {
    if (answer.status === 200 && answer.body === body) return;
    throw new Error(`${name}: ${what} gives ${answer.status} ${answer.body}, not 200 ${body}`);
  }

  expect("a visit without a cookie", await visitor.visit(read), NOBODY);
  await visitor.visit(begin);
  expect("what was stored", await visitor.visit(read), DATA.name);
  if (write) {
    for (let times = 1; times <= WRITES; times++) {
      expect(`write ${times}`, await visitor.visit(write), String(DATA.counter + times));
    }
    expect("what stood beside the counter", await visitor.visit(read), DATA.name);
  }
  const genuine = visitor.header() ?? "";
  for (const cookie of forge(genuine, FORGED)) {
    const outgoing = await read(platform.request(cookie));
    expect("a forged cookie", await platform.answer(outgoing), NOBODY);
  }
  expect("the genuine cookie among the forged", await visitor.visit(read), DATA.name);
  if (!signIn) return;
  expect("the sign-in", await visitor.visit(signIn), USER);
  if (visitor.header() === genuine)
    throw new Error(`${name}: a sign-in leaves the cookie as it was`);
  expect("what was there before the sign-in", await visitor.visit(read), DATA.name);
  // A cookie that holds the data cannot be ended.
  if (keeps === "cookie") return;
  const outgoing = await read(platform.request(genuine));
  expect("the cookie of before the sign-in", await platform.answer(outgoing), NOBODY);
}
