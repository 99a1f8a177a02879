// The index of users, with its calls counted for the panel.
import { count } from "./meter.js";

/**
 * @param {import("coatcheck").UserIndex} users
 * @returns {import("coatcheck").UserIndex}
 */
export function countedUsers(users) {
  /**
   * @template {readonly unknown[]} Args
   * @template Answer
   * @param {(...args: Args) => Promise<Answer>} ask
   */
  function counted(ask) {
    return (/** @type {Args} */ ...args) => {
      count("index");
      return ask(...args);
    };
  }
  return {
    add: counted(users.add),
    touch: counted(users.touch),
    list: counted(users.list),
    retire: counted(users.retire),
    remove: counted(users.remove),
  };
}
