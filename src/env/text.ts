// What an environment variable holds, freed of what pasting leaves around it.

/** Space, quotes of every kind, and line ends, those too that a tool has written out as `\n`. */
const AROUND = /^(?:[\s"'`“”‘’\u200b]|\\[rn])+|(?:[\s"'`“”‘’\u200b]|\\[rn])+$/g;
/** The name itself, pasted with its value. A token may end in `=`, so something must follow. */
const OWN_NAME = /^(?:export\s+)?\w*(?:REDIS|KV)_\w*\s*=\s*(?=[^\s=])/;
/** What tools write where there is no value. */
const BLANK = /^(?:undefined|null)?$/;

/** Answers the value alone, `undefined` where there is none. Bindings of Workers are no text, and so no value. */
export function cleanValue(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const text = value.replace(AROUND, "").replace(OWN_NAME, "").replace(AROUND, "");
  return BLANK.test(text) ? undefined : text;
}
