// A session in a place that cannot change it. In JavaScript, which knows no types, too.

import { type Session, SessionError } from "../../src/index.ts";

/** The same type with everything in it read-only. A branded text or number is what it is. */
export type DeepReadonly<Value> = Value extends string | number | boolean | null | undefined
  ? Value
  : { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> };

/** What a component gets: a session as it is, to be read. */
export interface ReadonlySession<Data extends object> extends Pick<
  Session<Data>,
  | "isNew"
  | "unavailable"
  | "createdAt"
  | "expiresAt"
  | "userId"
  | "handle"
  | "authenticatedAt"
  | "isFresh"
> {
  /**
   * To change it throws SessionError `SESSION_READ_ONLY`, which says where changes are allowed. It is made of proxies,
   * which `structuredClone` does not take; a spread copies one level.
   */
  readonly data: DeepReadonly<Data>;
  /** Answers a value kept for the next page, else `undefined`. It stays until it is read in a session that is saved. */
  flash(key: string): unknown;
}

export class View<Data extends object> implements ReadonlySession<Data> {
  static readonly name: string = "View";
  readonly #session: Session<Data>;
  #data: DeepReadonly<Data> | undefined;

  constructor(session: Session<Data>) {
    this.#session = session;
  }

  get data(): DeepReadonly<Data> {
    return (this.#data ??= JSON.parse(JSON.stringify(this.#session.data), guard));
  }

  flash(key: string, ...values: readonly unknown[]): unknown {
    return values.length > 0 ? refuse() : this.#session.flash(key);
  }

  get isNew(): boolean {
    return this.#session.isNew;
  }

  get unavailable(): boolean {
    return this.#session.unavailable;
  }

  get createdAt(): number {
    return this.#session.createdAt;
  }

  get expiresAt(): number {
    return this.#session.expiresAt;
  }

  get userId(): string | undefined {
    return this.#session.userId;
  }

  get handle(): string | undefined {
    return this.#session.handle;
  }

  get authenticatedAt(): number | undefined {
    return this.#session.authenticatedAt;
  }

  isFresh(seconds: number): boolean {
    return this.#session.isFresh(seconds);
  }

  update(): never {
    return refuse();
  }

  regenerate(): never {
    return refuse();
  }

  destroy(): never {
    return refuse();
  }

  signIn(): never {
    return refuse();
  }

  elevate(): never {
    return refuse();
  }

  signOut(): never {
    return refuse();
  }
}

export function refuse(): never {
  throw new SessionError(
    "SESSION_READ_ONLY",
    "Cannot change session: this one is to be read; in a server action or a route handler, take withSession or getSession({ readOnly: false })",
  );
}

/** A frozen object would throw as well, but could not say where changes are allowed. */
function guard(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return new Proxy(value, { set: refuse, defineProperty: refuse, deleteProperty: refuse });
}
