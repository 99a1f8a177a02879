// A row's text -> what it means now: decoded, in time, and as the schema takes it.

import { isThenable } from "./changes.ts";
import { isObject } from "./check.ts";
import { decodeData, encodeData, formatStep } from "./data.ts";
import { SessionDataError } from "./errors.ts";
import type { ResolvedOptions, SchemaResult, StandardSchema } from "./options.ts";
import { decodeRecord, expiryOf, type SessionRecord } from "./record.ts";

/** A session in a row. */
export interface Stored<Data> {
  readonly kind: "session";
  readonly record: SessionRecord;
  /** Absent where the schema refuses it. */
  readonly data?: Data;
  /** JSON of `data`. With a schema it may differ from what is stored, by a default say. */
  readonly json: string;
}

/** What stands in a row. */
export type Reading<Data> = Stored<Data> | { readonly kind: Lost };

/** What stands in a row that is no session. */
export type Lost = "nothing" | "ended" | "moved" | "expired" | "corrupt";

/**
 * Reads what a store answered, at once where no schema need be asked. The record's own times decide, never the store's
 * expiry alone (R22, R24).
 */
export function interpret<Data extends object>(
  options: ResolvedOptions<Data>,
  text: string | null,
): Reading<Data> | Promise<Reading<Data>> {
  const record = recordIn(options, text);
  if (typeof record === "string") return { kind: record };
  const data = decodeData(record.data);
  if (data === undefined) return { kind: "corrupt" };
  const { schema } = options;
  if (schema) return complete(schema, record, data);
  return { kind: "session", record, data: data as Data, json: record.data };
}

/** What a schema makes of the data that is stored. */
async function complete<Data extends object>(
  schema: StandardSchema<Data>,
  record: SessionRecord,
  data: object,
): Promise<Stored<Data>> {
  const result = await schema["~standard"].validate(data);
  if (result.issues) return { kind: "session", record, json: "" };
  // A default that a schema answers may be one object that serves every visitor.
  const json = encodeData(result.value, "data");
  return { kind: "session", record, data: JSON.parse(json) as Data, json };
}

/** The session in a row, whatever its data is; else what stands there instead. */
export function recordIn(
  options: Parameters<typeof expiryOf>[1],
  text: string | null,
): SessionRecord | Lost {
  if (text === null) return "nothing";
  const record = decodeRecord(text);
  if (record === undefined) return "corrupt";
  if ("moved" in record) return record.moved === null ? "ended" : "moved";
  return Date.now() >= expiryOf(record, options) ? "expired" : record;
}

/**
 * Makes the data of a session that is not stored, as JSON: what `initial` answers, else what the schema makes of `{}`,
 * else `{}`.
 *
 * @throws TypeError when neither gives an object
 */
export async function beginWith<Data extends object>(
  options: ResolvedOptions<Data>,
): Promise<() => string> {
  const { initial, schema } = options;
  return beginAnew(options, initial ? undefined : await schema?.["~standard"].validate({}));
}

/**
 * The same for a session that is stored, where it is seldom needed: nothing is asked before.
 *
 * @throws TypeError also when the schema answers a promise, and there is no `initial`
 */
export function beginAnew<Data extends object>(
  { initial, schema }: ResolvedOptions<Data>,
  asked?: SchemaResult<Data>,
): () => string {
  return () => {
    if (initial) return jsonOf(initial());
    const result = asked ?? schema?.["~standard"].validate({});
    if (!isThenable(result)) return jsonOf(result ? (result as { value?: Data }).value : {});
    void Promise.allSettled([result]);
    throw new TypeError("Cannot begin session: the schema is async; give initial too");
  };
}

function jsonOf(data: object | undefined): string {
  if (isObject(data) && !Array.isArray(data) && !isThenable(data)) return encodeData(data, "data");
  throw new TypeError("Cannot begin session: initial or schema must answer an object");
}

/** @throws SessionDataError naming the path, where the schema would not take the data back */
export async function checkSchema<Data>(
  schema: StandardSchema<Data> | undefined,
  json: string,
): Promise<void> {
  const result = await schema?.["~standard"].validate(JSON.parse(json));
  const issue = result?.issues?.[0];
  if (issue === undefined) return;
  const path = (issue.path ?? []).map((step) => formatStep(isObject(step) ? step.key : step));
  // The issue's own text may quote the value, so it stays out.
  throw new SessionDataError(`data${path.join("")}`, "is refused by the schema");
}
