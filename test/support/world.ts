// The world of the portable cases: one Redis, one bridge that works, and one for each way to fail.

import { startRedis } from "./redis.ts";
import { FAULTS, type FaultName, type World } from "./suite.ts";
import { refusedUrl, startUpstash } from "./upstash.ts";

export interface StartedWorld {
  readonly world: World;
  stop(): Promise<void>;
}

/** Starts everything on loopback; `stop` ends it, also when only half of it came up. */
export async function startWorld(): Promise<StartedWorld> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each();
  };
  try {
    const redis = await startRedis();
    stops.push(() => redis.stop());
    const bridge = await startUpstash({ redisPort: redis.port });
    stops.push(() => bridge.stop());
    const { url, token } = bridge;
    const faulty: Partial<Record<FaultName, string>> = {};
    for (const kind of FAULTS) {
      if (kind === "refused") {
        faulty[kind] = await refusedUrl();
        continue;
      }
      const broken = await startUpstash({ redisPort: redis.port, token });
      stops.push(() => broken.stop());
      broken.fault({ kind, times: Number.POSITIVE_INFINITY });
      faulty[kind] = broken.url;
    }
    return { world: { url, token, faulty: faulty as World["faulty"] }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
