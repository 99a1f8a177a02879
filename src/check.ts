// Options: every one is known, right, and filled in, or creation throws and says what to do.

/** What stands in for an option that is absent, what a right value is, and how to say so. */
export type Rule = readonly [fallback: unknown, isRight: (value: unknown) => boolean, mend: string];

/**
 * Answers the options with every default filled in.
 *
 * @param what what is being created, as in `sessions`
 * @throws RangeError for a number out of range, TypeError for anything else; both name the option and the mend
 */
export function checkOptions(
  what: string,
  options: object,
  rules: Readonly<Record<string, Rule>>,
): Readonly<Record<string, unknown>> {
  const given = { ...options } as Readonly<Record<string, unknown>>;
  const checked: Record<string, unknown> = {};
  for (const name of Object.keys({ ...rules, ...given })) {
    const isKnown = Object.hasOwn(rules, name);
    const [fallback, isRight, mend] = (isKnown && rules[name]) || UNKNOWN;
    const { [name]: value = fallback } = given;
    if (!isRight(value)) {
      const Kind = isKnown && typeof value === "number" ? RangeError : TypeError;
      throw new Kind(`Cannot create ${what}: ${name} must be ${mend}`);
    }
    checked[name] = value;
  }
  return checked;
}

const UNKNOWN: Rule = [undefined, () => false, "left out: it is unknown"];

/**
 * A rule for a whole number from 1 to `most`, which may be left out where nothing stands in for it. A duration that does
 * not parse must never mean "for ever" (R25).
 */
export function wholeNumber(fallback: number | undefined, most: number, unit: string): Rule {
  return [
    fallback,
    (value) =>
      value === undefined
        ? fallback === undefined
        : Number.isInteger(value) && (value as number) > 0 && (value as number) <= most,
    `a whole number of ${unit} from 1 to ${most}`,
  ];
}

/** A rule for one of a few values. */
export function oneOf(...values: readonly unknown[]): Rule {
  return [values[0], (value) => values.includes(value), values.join(" or ")];
}

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** A predicate for what may be left out. */
export function optional(isRight: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => value === undefined || isRight(value);
}

/** A predicate for text of a shape; nothing else is taken for text. */
export function isText(shape: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === "string" && shape.test(value);
}

export function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

/** Whether a value has the two methods of a store. */
export function isStore(value: unknown): boolean {
  const given = value as { readonly read?: unknown; readonly write?: unknown } | null | undefined;
  return isFunction(given?.read) && isFunction(given?.write);
}
