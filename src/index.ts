// The public names, in the order of the path a request takes.

export { createSessions, perEnv, type Sessions } from "./sessions.ts";
export type { SchemaResult, SessionOptions, StandardSchema } from "./options.ts";
export type { CookieAttributes, CookieOptions, SetCookie } from "./cookie.ts";
export type { LoadOptions, OpenOptions } from "./load.ts";
export type { Session, SignInOptions } from "./session.ts";
export type { ListedSession, ListOptions, SessionPage, UserSessions } from "./account.ts";
export type { ListedEntry, UserEntry, UserIndex, UserQuery } from "./users.ts";
export { memoryUsers, type MemoryUsersOptions } from "./users/memory.ts";
export type { Store, Swap } from "./store.ts";
export { memoryStore, type MemoryStoreOptions } from "./stores/memory.ts";
export { cachedStore, type CachedStoreOptions } from "./stores/cached.ts";
export { fallbackStore, type FallbackStoreOptions } from "./stores/fallback.ts";
export type { CompositeOptions } from "./stores/breaker.ts";
export {
  SessionConflictError,
  SessionDataError,
  SessionError,
  type SessionErrorCode,
  SessionSizeError,
  StoreError,
  type StoreOutcome,
} from "./errors.ts";
export type { SessionEvent } from "./events.ts";
export { crossSiteGuard, type CrossSiteOptions } from "./origin.ts";
