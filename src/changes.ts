// What one request did to a session, as a list of steps that can be taken again on newer data.

import { isFunction } from "./check.ts";
import { encodeData } from "./data.ts";
import type { Flash } from "./record.ts";

/** Data and flash values that nobody else holds, to be changed in place. */
export interface Draft<Data> {
  readonly data: Data;
  readonly flash: Map<string, Flash>;
}

/**
 * One step: direct edits of top-level properties, a function given to `update`, a flash value set or shown. Requests
 * that edit different properties all survive a replay; on the same one the later wins; functions never lose.
 */
export type Change<Data> = (draft: Draft<Data>) => void;

/**
 * The step from one JSON to another: the edits of top-level properties, `undefined` when there are none. They are looked
 * for when the step is taken, which most never are; only another order of the same, which is no edit, has the same letters.
 */
export function diff<Data extends object>(before: string, after: string): Change<Data> | undefined {
  let edits = hasSameLetters(before, after) ? editsBetween(before, after) : undefined;
  if (edits?.length === 0) return undefined;
  return ({ data }) => {
    edits ??= editsBetween(before, after);
    const record = data as Record<string, unknown>;
    for (const [key, json] of edits) {
      if (json === undefined) delete record[key];
      else record[key] = JSON.parse(json);
    }
  };
}

/** False where one text cannot be another order of the other; true also of a few that are not. */
function hasSameLetters(before: string, after: string): boolean {
  if (before.length !== after.length) return false;
  let balance = 0;
  for (let at = 0; at < before.length; at++) {
    balance += before.charCodeAt(at) - after.charCodeAt(at);
  }
  return balance === 0;
}

function editsBetween(before: string, after: string) {
  const [old, now] = [before, after].map((json) => JSON.parse(json) as Record<string, unknown>);
  return Object.keys({ ...old, ...now })
    .map((key) => [key, JSON.stringify(now?.[key]) as string | undefined] as const)
    .filter(([key, json]) => json !== JSON.stringify(old?.[key]));
}

/** The step that a function given to `update` is. @throws TypeError when it answers a promise */
export function apply<Data>(change: (data: Data) => unknown): Change<Data> {
  return ({ data }) => {
    const answer = change(data);
    if (!isThenable(answer)) return;
    // Its rejection is nobody's: the TypeError below says what is wrong.
    void Promise.allSettled([answer]);
    throw new TypeError("Cannot update session: the function is async; await before it");
  };
}

/** Takes steps on data and flash values, and answers both as a record keeps them. Changes `data`, not `flash`. */
export function replay<Data>(
  changes: readonly Change<Data>[],
  data: Data,
  flash: ReadonlyMap<string, Flash>,
): { readonly data: string; readonly flash: Map<string, Flash> } {
  const draft = { data, flash: new Map(flash) };
  for (const change of changes) change(draft);
  return { data: encodeData(data, "data"), flash: draft.flash };
}

function isSame(left: unknown, right: unknown): boolean {
  try {
    return encodeData(left, "") === JSON.stringify(right);
  } catch {
    return false;
  }
}

/** Whether a value is a promise of any make. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isFunction((value as PromiseLike<unknown> | null | undefined)?.then);
}

const PLAIN = { writable: true, enumerable: true, configurable: true };

/** Gives an object the properties of a JSON text and no others, in place, since the application may hold it. */
export function restore(data: object, json: string): void {
  const old = JSON.parse(json) as object;
  // Parts that are as they were stay the same objects: the application may hold them too.
  const now = data as Record<string, unknown>;
  for (const key of Reflect.ownKeys(now)) {
    if (!Object.hasOwn(old, key)) Reflect.deleteProperty(now, key);
  }
  for (const [key, value] of Object.entries(old)) {
    const { value: present, enumerable } = Object.getOwnPropertyDescriptor(now, key) ?? {};
    if (enumerable && isSame(present, value)) continue;
    // No assignment: a setter may stand there, or something that throws.
    Reflect.defineProperty(now, key, { ...PLAIN, value });
  }
}
