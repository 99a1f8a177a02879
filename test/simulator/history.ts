// What a run leaves behind, as plain JSON: every request with what was asked and what was answered, and what became of
// the stores. The simulator writes it, and so do separate processes over real servers; `checker.ts` judges both.

/** What a browser asks of the application. A `change` appends a token that nobody else has, and counts one up. */
export type Asked = "load" | "change" | "sign in" | "elevate" | "sign out" | AskedByList;

/**
 * What is asked of all the sessions of one user, where the application has an index of users: by a session of theirs,
 * of the `others`; else by an operator, who has none.
 */
export type AskedByList = "list" | "end one" | "end others" | "end all";

/** A cookie of the session's name, without what could be used as one. */
export interface Ticket {
  /** The session's name: the first characters of its key (a hash of its id). */
  readonly session: string;
  /** `ending`: it can end its session, and nothing else. */
  readonly purpose: "session" | "ending";
}

/** What the handler saw when it opened the session, before it changed anything. */
export interface Seen {
  readonly isNew: boolean;
  readonly unavailable: boolean;
  readonly user: string | null;
  /** Counted up with every change. */
  readonly count: number;
  /** What changes appended, in order. */
  readonly tokens: readonly string[];
  /** Where an index of users is used, and somebody has signed in: the session's name in their list. */
  readonly handle?: string;
}

/** What the index of users has answered: that a session's entry is there, which are, that all are to end. */
export interface Indexed {
  readonly kind: "add" | "list" | "retire";
  /** Of an entry. */
  readonly session?: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** One command that one store was asked while a request was served, in the order in which they were answered. */
export interface Call {
  /** `redis`, `sql` or `memory`; the memory is the instance's own. */
  readonly store: string;
  readonly kind: "read" | "write";
  readonly session: string;
  /** Whether a write expected that nothing stands there. */
  readonly onNothing: boolean;
  /** Reads: `null` or `value`. Writes: `swapped`, or what stood there instead. Either: no answer, of which outcome. */
  readonly answer: "null" | "value" | "swapped" | "none" | "unknown";
}

/** One request. Instants are milliseconds of one clock, the recorder's; fractions tell what the clock cannot. */
export interface Operation {
  readonly number: number;
  /** Who sent it. A thief who sends somebody's cookie is a browser of its own. */
  readonly browser: string;
  readonly instance: string;
  readonly asked: Asked;
  /** What a change appends. */
  readonly token?: string;
  /** As whom a browser signs in, or whose sessions an operator asks for. */
  readonly user?: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly sent: Ticket | null;
  readonly status: number;
  /** Absent where no session could be opened. */
  readonly seen?: Seen;
  /** The cookie that was set: a ticket, or `deleted`. */
  readonly set?: Ticket | "deleted";
  readonly calls: readonly Call[];
  /** Of sessions in a list: those that were shown, the one that was to end, or the one that others were. */
  readonly handles?: readonly string[];
  readonly indexed?: readonly Indexed[];
}

/** Something after which a store no longer has what it had. */
export interface Loss {
  readonly store: string;
  readonly kind: "emptied" | "rewound";
  readonly at: number;
}

export interface Settings {
  readonly mode: "fallback" | "cached";
  /** For how long a copy may be served: cached only. */
  readonly maxStaleMs: number;
  /** By how much any two clocks may disagree. */
  readonly allowanceMs: number;
  /** From when on every store works for good; no request may fail that starts `graceMs` later. */
  readonly healedAt: number;
  readonly graceMs: number;
  /** The store that has the index of users, where there is one. */
  readonly indexIn?: string;
  /** Sessions that a user has at most. */
  readonly maxPerUser?: number;
}

export interface History {
  readonly settings: Settings;
  readonly operations: readonly Operation[];
  readonly losses: readonly Loss[];
}

/** Whether a request was answered by a session, found or not. */
export function isAnswered({ status, seen }: Operation): boolean {
  return status === 200 && seen !== undefined && !seen.unavailable;
}

/** Whether a request gives the session a new id. */
export function isMove({ asked }: Operation): boolean {
  return asked === "sign in" || asked === "elevate";
}

/** Whether a request ends sessions by the list of their user. */
export function endsByList({ asked }: Operation): boolean {
  return asked === "end one" || asked === "end others" || asked === "end all";
}

/** Whether an end may be carried out while a request is under way: one that was not confirmed, at any time. */
export function mayMeet(end: Operation, request: Operation): boolean {
  const isOver = end.status === 200 && end.endedAt <= request.startedAt;
  return end.startedAt < request.endedAt && !isOver;
}

/** The session's name in a history: enough of its key to tell it from others. */
export function nameOf(key: string): string {
  return key.slice(0, 10);
}
