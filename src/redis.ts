// The public names of `coatcheck/redis`.

export { redisStore, type RedisStoreOptions, type Send } from "./stores/redis.ts";
export { upstash, type UpstashOptions } from "./stores/upstash.ts";
export { fromUpstash, type FromUpstashOptions, type UpstashClient } from "./stores/client.ts";
export { redisUsers, type RedisUsersOptions } from "./users/redis.ts";
