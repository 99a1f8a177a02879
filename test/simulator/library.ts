// What is put to the test: the library by its public names. Built from changed source, it is a mutant.

export {
  cachedStore,
  createSessions,
  fallbackStore,
  memoryStore,
  SessionConflictError,
  StoreError,
} from "coatcheck";
export { prismaStore, prismaUsers } from "coatcheck/prisma";
export { redisStore, redisUsers } from "coatcheck/redis";
