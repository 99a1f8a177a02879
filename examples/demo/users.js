// The index of users, as one shop uses it: its calls are counted, and its users are no other shop's.
import { createHash } from "node:crypto";
import { count } from "./meter.js";

/**
 * The same index for the users of one shop. Two shops may share a table: whoever is called Ada in one is somebody else
 * in the other, and neither finds entries of rows that it does not know.
 *
 * @param {import("coatcheck").UserIndex} users
 * @param {string} base the shop's
 * @returns {import("coatcheck").UserIndex}
 */
export function usersOf(users, base) {
  /** @param {string} user */
  function own(user) {
    count("index");
    return createHash("sha256").update(`${base}\0${user}`).digest("base64url");
  }
  return {
    add: (user, entry) => users.add(own(user), entry),
    touch: (user, entry) => users.touch(own(user), entry),
    list: (user, query) => users.list(own(user), query),
    retire: (user, except) => users.retire(own(user), except),
    remove: (user, keys) => users.remove(own(user), keys),
  };
}
