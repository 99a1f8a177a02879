// SESSION_SECRET, if it is there: long enough, and not one that others know.

import type { Finding } from "./finding.ts";
import type { Variables } from "./files.ts";
import { originText } from "./origin.ts";

const NAME = "SESSION_SECRET";
const CHECK = "env.secret";
const LEAST_BYTES = 32;
const MEND = "make one with: npx coatcheck secret";

/** Words of guides and examples, ours too. */
const KNOWN =
  /replace.?me|change.?(me|this|it)|example|placeholder|your.?secret|only for development|keyboard.?cat|thirty-two bytes|1234567890|abcdefgh/i;
/** A piece of up to eight characters, over and over. */
const REPEATED = /^(.{1,8}?)\1+$/;

export function secretFinding(variables: Variables): Finding {
  const value = variables.env[NAME];
  if (value === undefined) {
    return {
      check: CHECK,
      status: "skipped",
      message: `${NAME} is not set; if your secret has another name, it was not checked`,
      mend: MEND,
    };
  }
  const where = originText(variables, NAME);
  const bytes = Buffer.byteLength(value);
  if (bytes < LEAST_BYTES) {
    return {
      check: CHECK,
      status: "wrong",
      message: `${where} has ${bytes} bytes, and ${LEAST_BYTES} are needed`,
      why: "createSessions throws; whoever guesses a short secret makes cookies of their own",
      mend: MEND,
      details: { bytes },
    };
  }
  if (KNOWN.test(value) || REPEATED.test(value)) {
    return {
      check: CHECK,
      status: "wrong",
      message: `${where} is a text of guides, or one piece over and over`,
      why: "whoever knows the secret makes cookies of their own",
      mend: MEND,
      details: { bytes },
    };
  }
  return { check: CHECK, status: "ok", message: `${where} has ${bytes} bytes`, details: { bytes } };
}
