import type { NextConfig } from "next";

const isCached = process.env.CACHE_COMPONENTS === "1";

const config: NextConfig = {
  cacheComponents: isCached,
  partialPrefetching: isCached,
  experimental: { authInterrupts: true },
};

export default config;
