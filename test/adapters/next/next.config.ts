import type { NextConfig } from "next";

const isCached = process.env.CACHE_COMPONENTS === "1";

const config: NextConfig = { cacheComponents: isCached, partialPrefetching: isCached };

export default config;
