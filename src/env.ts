// The public names of `coatcheck/env`.

export { storeFromEnv } from "./env/store.ts";
export type { StoreFromEnvOptions } from "./env/options.ts";
export { findRedis, type RedisFinding, type RedisFindings } from "./env/variables.ts";
export type { BunRedis, IORedis, NodeRedis, RedisClient } from "./env/client.ts";
export type { Environment } from "./env/source.ts";
export type { Logger } from "./env/journal.ts";
export type { PrismaClientWithSession } from "./env/prisma.ts";
