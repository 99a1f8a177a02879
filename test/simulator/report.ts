// A violation, as a reader can follow it: with as few faults as still show it, and only the requests concerned.

import type { Library } from "./app.ts";
import { check, excerpt, type Violation } from "./checker.ts";
import type { Operation, Ticket } from "./history.ts";
import { type Run, simulate } from "./simulate.ts";

/** Leaves out every fault without which the same promise is still broken, and tells what is left. */
export async function explain(library: Library, run: Run): Promise<string> {
  const { mode, users } = run.shape;
  const [first] = check(run.history);
  if (first === undefined) return "nothing is wrong";
  let least = run;
  const keep = new Set(run.episodes.keys());
  for (const episode of run.episodes.keys()) {
    keep.delete(episode);
    const less = await simulate(library, mode, run.seed, { keep, users });
    if (check(less.history).some(({ rule }) => rule === first.rule)) least = less;
    else keep.add(episode);
  }
  const violation = check(least.history).find(({ rule }) => rule === first.rule) ?? first;
  return [
    `${mode}, seed ${run.seed}: ${violation.rule} (npm run simulate -- --mode ${mode} --seed ${run.seed} --runs 1)`,
    ...tell(least, violation),
  ].join("\n");
}

function tell({ shape, episodes, history }: Run, violation: Violation): string[] {
  const { lengthMs, ...rest } = shape;
  const beginAt = history.settings.healedAt - lengthMs;
  const second = (ms: number) => `${(ms / 1000).toFixed(3)} s`;
  const operations = excerpt(history, violation).filter(
    ({ number }) => number <= violation.by || number === violation.against,
  );
  return [
    JSON.stringify(rest),
    ...episodes.map(
      ({ store, kind, instance, fromMs, toMs }) =>
        `fault: ${store} ${kind}${instance === undefined ? "" : ` for i${instance}`} from ${second(fromMs)} to ${second(toMs)}`,
    ),
    `violation: request ${violation.by} against ${violation.against ?? "nothing"}, session ${violation.session ?? "none"}`,
    ...operations
      .toSorted((one, other) => one.startedAt - other.startedAt)
      .map((each) =>
        [second(each.startedAt - beginAt), second(each.endedAt - beginAt), line(each)].join("  "),
      ),
  ];
}

function line(operation: Operation): string {
  const { number, browser, instance, asked, token, user, status, sent, set, seen, calls } =
    operation;
  const found = seen?.unavailable ? "unavailable" : seen?.isNew ? "new" : "found";
  const shown = seen
    ? `${found} ${seen.user ?? "nobody"}${seen.handle ? ` (${seen.handle})` : ""} [${seen.tokens.join(" ")}]`
    : "not opened";
  const asks = calls.map(
    ({ store, kind, session, onNothing, answer }) =>
      `${store} ${kind}${onNothing ? " on nothing" : ""} ${session.slice(0, 4)}: ${answer}`,
  );
  const listed = operation.handles ? `; ${operation.handles.join(", ") || "none"}` : "";
  const sets = set === undefined ? "" : `, sets ${name(set)}`;
  return `${number} ${browser} at ${instance}: ${asked} ${token ?? user ?? ""} with ${name(sent)}: ${status}${sets}; ${shown}${listed}; ${asks.join(", ")}`;
}

function name(ticket: Ticket | "deleted" | null): string {
  if (ticket === null) return "no cookie";
  if (ticket === "deleted") return ticket;
  return `${ticket.session.slice(0, 4)}${ticket.purpose === "ending" ? " (ending)" : ""}`;
}
