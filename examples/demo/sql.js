// An SQL of the demonstration's own: SQLite where Prisma is installed, else this process plays it, and says so.
import { memoryStore, memoryUsers } from "coatcheck";
import { isInstalled } from "../../scripts/system.js";

/**
 * @typedef {{
 *   store: import("coatcheck").Store,
 *   users: import("coatcheck").UserIndex,
 *   secret: string | undefined,
 *   description: string,
 * }} OwnSql
 */

/**
 * @param {string | undefined} file
 * @returns {Promise<OwnSql>}
 */
export async function openSql(file) {
  // Prisma is large, so nobody has it installed by this; `--store sqlite` does.
  if (!isInstalled("test/prisma")) {
    return playSql("Prisma is not installed (node scripts/prisma.js installs it)");
  }
  try {
    const { openSqlite } = await import("./sqlite.js");
    const { store, users, storeName, secret } = await openSqlite(file);
    return { store, users, secret, description: storeName };
  } catch (error) {
    const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    return playSql(`SQLite cannot be used here (${reason})`);
  }
}

/**
 * @param {string} reason
 * @returns {OwnSql}
 */
function playSql(reason) {
  const { read, write } = memoryStore();
  // Without `isLocal`: a database is shared.
  const store = { read, write };
  const description = `played by this process: ${reason}`;
  return { store, users: memoryUsers(), secret: undefined, description };
}
