// Why Redis refuses, told from its text, in words of ours: its own may quote keys.

/** A refusal: what it means, why it matters, and the mend. */
export interface Fault {
  readonly check: string;
  readonly message: string;
  readonly why: string;
  readonly mend: string;
}

const NO_SESSIONS = "no session can be read or written";
/** What differs between address and token that variables name, and a client that a module has made. */
type Told = Omit<Fault, "mend"> & {
  readonly mend: string | ((url: string, token: string) => string);
  /** For a module's client, where that is another. */
  readonly own?: Partial<Fault>;
};

const PAGE = "from the database's page in Upstash's console";
const CHECK_USER = "check the user and password that the module connects with";
const CHECK_ADDRESS = "check the address that the module connects to";

const FAULTS: readonly (readonly [signs: RegExp, fault: Told])[] = [
  [
    /\b(WRONGPASS|NOAUTH|unauthorized|invalid password)\b/i,
    {
      check: "redis.token",
      message: "the token is refused",
      why: NO_SESSIONS,
      mend: (_, token) => `copy ${token} ${PAGE}`,
      own: { message: "user and password are refused", mend: CHECK_USER },
    },
  ],
  [
    /\bNOPERM\b/,
    {
      check: "redis.token",
      message: "the token may read and not write",
      why: "no session can be created, changed or ended: every sign-in and every logout fails",
      mend: (_, token) =>
        `copy ${token} ${PAGE}, not KV_REST_API_READ_ONLY_TOKEN or the read-only one`,
      own: {
        message: "the user may read and not write",
        mend: `${CHECK_USER}, and give the user the commands that write`,
      },
    },
  ],
  [
    /\bmax (daily|requests?)\b|quota exceeded/i,
    {
      check: "redis.quota",
      message: "the database's quota is used up",
      why: `${NO_SESSIONS} until it is reset; trying again uses up more`,
      mend: "take a larger plan in Upstash's console, or wait for the reset",
    },
  ],
  [
    /\bOOM\b|DB capacity/,
    {
      check: "redis.memory",
      message: "the database is full",
      why: "no session can be created or changed; reading and ending still work",
      mend: "free space, take a larger plan, or turn on eviction, which ends sessions instead",
    },
  ],
  [
    /\b(READONLY|MASTERDOWN|NOREPLICAS)\b/,
    {
      check: "redis.token",
      message: "this is a replica, which cannot be written to",
      why: "no session can be created, changed or ended",
      mend: "use the address of the primary",
    },
  ],
  [
    /\b(LOADING|BUSY|CLUSTERDOWN|TRYAGAIN|MISCONF)\b/,
    {
      check: "redis.reach",
      message: "Redis answers that it is not ready",
      why: NO_SESSIONS,
      mend: "wait, and look at the database's own log if it lasts",
    },
  ],
  [
    /ENOTFOUND|EAI_AGAIN/,
    {
      check: "redis.reach",
      message: "there is no such host",
      why: NO_SESSIONS,
      mend: (url) =>
        `copy ${url} anew; a free database is archived after a month without use: restore it in Upstash's console`,
      own: { mend: CHECK_ADDRESS },
    },
  ],
  [
    /ECONNREFUSED|[Cc]onnection ?[Rr]efused|client is closed/,
    {
      check: "redis.reach",
      message: "the connection is refused",
      why: NO_SESSIONS,
      mend: "check host and port, and that the database runs",
    },
  ],
  [
    /no answer within/,
    {
      check: "redis.reach",
      message: "no answer came in time",
      why: "every request of yours that needs a session would wait for the deadline, and answer 503",
      mend: "check the address and what stands between; --timeout gives it longer",
    },
  ],
  [
    /it answered 5\d\d|it answered 429/,
    {
      check: "redis.reach",
      message: "a gateway answers in Redis's place",
      why: NO_SESSIONS,
      mend: "look at the provider's status page, and try again",
    },
  ],
  [
    /it answered \d+|wrong shape|cut off/,
    {
      check: "redis.reach",
      message: "what answers there does not speak Upstash's REST",
      why: NO_SESSIONS,
      mend: (url) => `copy ${url} ${PAGE}`,
      own: { message: "what answers there does not speak as Redis does", mend: CHECK_ADDRESS },
    },
  ],
];

const OTHER: Told = {
  check: "redis.reach",
  message: "the command failed, and nobody can say why",
  why: NO_SESSIONS,
  mend: (...names) =>
    `try again; if it lasts, compare ${[...new Set(names)].join(" and ")} with Upstash's console`,
  own: { mend: `try again; if it lasts, ${CHECK_USER}` },
};

/**
 * Answers what an error of `send` or of the store means. `names` are the variables of address and token, one where the
 * address has both, and none where a module has made the client: the mend names them.
 */
export function faultOf(error: unknown, names: readonly string[] = []): Fault {
  const signs = signsOf(error);
  const { own, mend, ...rest } = FAULTS.find(([pattern]) => pattern.test(signs))?.[1] ?? OTHER;
  const [url, token = url] = names;
  if (url === undefined || token === undefined) {
    return { ...rest, mend: typeof mend === "string" ? mend : CHECK_ADDRESS, ...own };
  }
  return { ...rest, mend: typeof mend === "string" ? mend : mend(url, token) };
}

function signsOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return "";
  const { message, code, cause } = error as Error & { code?: unknown };
  // What `@upstash/redis` puts behind its text is the command, with keys.
  const text = String(message).replace(/, command was:[^]*/, "");
  return `${text} ${String(code ?? "")} ${signsOf(cause, depth + 1)}`;
}
