import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SessionDataError } from "../../src/errors.ts";
import { resolveOptions, type SessionOptions, type StandardSchema } from "../../src/options.ts";
import { encodeRecord } from "../../src/record.ts";
import { beginWith, checkSchema, interpret } from "../../src/row.ts";
import { memoryStore } from "../../src/stores/memory.ts";

interface Data {
  n: number;
}

const NOW = 1_700_000_000_000;

function resolve(options: Partial<SessionOptions<Data>> = {}) {
  return resolveOptions<Data>({ secrets: ["s".repeat(32)], store: memoryStore(), ...options });
}

function schemaOf(validate: StandardSchema<Data>["~standard"]["validate"]): StandardSchema<Data> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

const counting = schemaOf((value) => {
  const { n = 7 } = value as Partial<Data>;
  return typeof n === "number"
    ? { value: { n } }
    : { issues: [{ message: `not a number: ${String(n)}`, path: ["n"] }] };
});

function rowOf(data: string, seenAt = NOW): string {
  return encodeRecord({ createdAt: NOW, seenAt, flash: new Map(), data });
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("interpret()", () => {
  test.each<[string, string | null, string]>([
    ["no row", null, "nothing"],
    ["a text of somebody else's", "hello", "corrupt"],
    ["an empty text", "", "corrupt"],
    [
      "data that is no JSON",
      `v1 0123456789abcdef {"createdAt":${NOW},"seenAt":${NOW}}\n{]}`,
      "corrupt",
    ],
    ["data with __proto__", rowOf('{"__proto__":{"n":1}}'), "corrupt"],
    ["a mark of an end", encodeRecord({ moved: null }), "ended"],
    ["a mark of a move", encodeRecord({ moved: "k".repeat(43) }), "moved"],
    ["a session", rowOf('{"n":1}'), "session"],
  ])("%s", async (_, text, kind) => {
    expect(await interpret(resolve(), text)).toMatchObject({ kind });
  });

  test.each([
    [9_999, "session"],
    [10_000, "expired"],
    [10_001, "expired"],
  ])("%s ms after a visit with 10 s of idle timeout: %s", async (passed, kind) => {
    const text = rowOf("{}");
    vi.setSystemTime(NOW + passed);
    expect(await interpret(resolve({ idleTimeout: 10 }), text)).toMatchObject({ kind });
  });

  test("expiry is computed with today's options", async () => {
    const text = rowOf("{}");
    vi.setSystemTime(NOW + 5_000);
    expect(await interpret(resolve({ idleTimeout: 10 }), text)).toMatchObject({ kind: "session" });
    expect(await interpret(resolve({ idleTimeout: 5 }), text)).toMatchObject({ kind: "expired" });
    expect(await interpret(resolve({ lifetime: 5 }), text)).toMatchObject({ kind: "expired" });
  });

  test("an expired session is not shown to the schema", async () => {
    const validate = vi.fn(counting["~standard"].validate);
    const text = rowOf('{"n":1}', NOW - 90_000_000);
    await interpret(resolve({ schema: schemaOf(validate) }), text);
    expect(validate).not.toHaveBeenCalled();
  });

  test("gives the data as the schema makes it", async () => {
    const reading = await interpret(resolve({ schema: counting }), rowOf("{}"));
    expect(reading).toMatchObject({ kind: "session", data: { n: 7 }, record: { data: "{}" } });
  });

  test("a session that the schema refuses is a session without data", async () => {
    const reading = await interpret(resolve({ schema: counting }), rowOf('{"n":"x"}'));
    expect(reading).toMatchObject({ kind: "session" });
    expect(reading).not.toHaveProperty("data");
  });

  test("waits for a schema that answers later", async () => {
    const later = schemaOf(async (value) => counting["~standard"].validate(value));
    expect(await interpret(resolve({ schema: later }), rowOf("{}"))).toMatchObject({
      data: { n: 7 },
    });
  });
});

describe("beginWith()", () => {
  test("writes what initial makes, each time anew, else an empty object", async () => {
    let made = 0;
    const begin = await beginWith(resolve({ initial: () => ({ n: ++made }) }));
    expect([begin(), begin()]).toEqual(['{"n":1}', '{"n":2}']);
    expect((await beginWith(resolve()))()).toBe("{}");
  });

  test("initial comes before the schema", async () => {
    const begin = await beginWith(resolve({ initial: () => ({ n: 1 }), schema: counting }));
    expect(begin()).toBe('{"n":1}');
  });

  test("the schema makes data of an empty object", async () => {
    expect((await beginWith(resolve({ schema: counting })))()).toBe('{"n":7}');
  });

  test.each<[string, Partial<SessionOptions<Data>>]>([
    ["initial answers null", { initial: () => null as unknown as Data }],
    ["initial answers a string", { initial: () => "n" as unknown as Data }],
    ["initial answers nothing", { initial: () => undefined as unknown as Data }],
    ["initial is async", { initial: (async () => ({ n: 1 })) as unknown as () => Data }],
    ["the schema refuses {}", { schema: schemaOf(() => ({ issues: [{ message: "no" }] })) }],
    ["the schema makes no object", { schema: schemaOf(() => ({ value: 1 as unknown as Data })) }],
  ])("a TypeError where %s", async (_, options) => {
    const begin = await beginWith(resolve(options));
    expect(begin).toThrow(TypeError);
  });
});

describe("checkSchema()", () => {
  test("passes without a schema, and what the schema takes", async () => {
    await expect(checkSchema(undefined, '{"n":"x"}')).resolves.toBeUndefined();
    await expect(checkSchema(counting, '{"n":1}')).resolves.toBeUndefined();
  });

  test("names the path and quotes nothing of the schema's own words", async () => {
    const refused = checkSchema(counting, '{"n":"a-private-value"}');
    await expect(refused).rejects.toBeInstanceOf(SessionDataError);
    await expect(refused).rejects.toMatchObject({ path: "data.n" });
    await expect(refused).rejects.not.toThrow(/a-private-value|not a number/);
  });

  test.each<[string, readonly (PropertyKey | { key: PropertyKey })[] | undefined, string]>([
    ["names and numbers", ["cart", 2, "a b"], 'data.cart[2]["a b"]'],
    ["steps that are objects", [{ key: "cart" }, { key: 2 }], "data.cart[2]"],
    ["an empty path", [], "data"],
    ["no path", undefined, "data"],
  ])("%s", async (_, path, expected) => {
    const schema = schemaOf(() => ({ issues: [{ message: "no", ...(path ? { path } : {}) }] }));
    await expect(checkSchema(schema, "{}")).rejects.toMatchObject({ path: expected });
  });
});
