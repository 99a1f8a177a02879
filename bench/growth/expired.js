// What it takes to delete a batch of expired rows, from a small table and from a large one.

// @ts-check

import { deleteExpired } from "../../dist/prisma.js";
import { ratiosOf, takeTurns, timeOf } from "../rounds.js";
import { quartilesOf } from "../table.js";

/**
 * @typedef {object} Expired
 * @property {number} rows
 * @property {number} expired of them
 * @property {import("../table.js").Quartiles} micros
 * @property {import("../table.js").Quartiles} ratio times as long as from the first table
 */

/** Rows that one statement deletes. */
export const BATCH = 90;

/**
 * @param {readonly { client: import("./servers.js").Client, rows: number, expired: number }[]} tables
 * @param {import("../rounds.js").Most} most fewer rounds than there are batches in a table
 * @returns {Promise<Expired[]>}
 */
export async function measureExpired(tables, most) {
  const taken = await takeTurns(most, tables, ({ client }) =>
    timeOf(async () => {
      const deleted = await deleteExpired(client.session, { limit: BATCH });
      if (deleted !== BATCH) throw new Error(`deleteExpired has deleted ${deleted} of ${BATCH}`);
    }),
  );
  return tables.map(({ rows, expired }, at) => ({
    rows,
    expired,
    micros: quartilesOf(taken[at] ?? []),
    ratio: ratiosOf(taken[at] ?? [], taken[0]),
  }));
}
