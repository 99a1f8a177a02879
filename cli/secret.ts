// `coatcheck secret`: a new secret for `createSessions`.

import { randomBytes } from "node:crypto";

/** As many as HMAC-SHA-256 can use. */
const BYTES = 32;

/** 32 random bytes in base64url: 43 characters that no shell, file or console has to quote. */
export function newSecret(): string {
  return randomBytes(BYTES).toString("base64url");
}
