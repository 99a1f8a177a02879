// The public names of `coatcheck/prisma`.

export {
  deleteExpired,
  type DeleteExpiredOptions,
  prismaStore,
  type PrismaStoreOptions,
} from "./stores/prisma.ts";
export type { PrismaDelegate, PrismaFields } from "./stores/table.ts";
export { prismaUsers, type PrismaUsersOptions } from "./users/prisma.ts";
