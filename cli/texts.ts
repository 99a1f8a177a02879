// The texts of options as they were typed: the parser makes numbers of what looks like one, and `007` becomes 7.

import { UsageError } from "./usage.ts";

/**
 * Every text that was given for an option, as `--name text` or `--name=text`.
 *
 * @throws UsageError for an empty one
 */
export function textsOf(name: string, argv: readonly string[] = process.argv.slice(2)): string[] {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const texts = own.flatMap((each, at) => {
    if (each.startsWith(`--${name}=`)) return [each.slice(name.length + 3)];
    return each === `--${name}` ? [own[at + 1] ?? ""] : [];
  });
  if (texts.includes("")) throw new UsageError(`Cannot read options: --${name} needs a value`);
  return texts;
}

/** The one text of an option; undefined where it was not given. @throws UsageError for an empty one, or several */
export function textOf(name: string, argv?: readonly string[]): string | undefined {
  const texts = textsOf(name, argv);
  if (texts.length > 1) throw new UsageError(`Cannot read options: --${name} may be given once`);
  return texts[0];
}
