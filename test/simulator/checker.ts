// Judges a history: what was promised, and what was seen. Pure; knows nothing of how the history came about.

import { endsByList, type History, isMove, type Operation } from "./history.ts";
import { accountOf, endsOf } from "./accounts.ts";
import { judgeAnswer } from "./answers.ts";
import { judgeData } from "./data.ts";
import { judgeEnds } from "./ends.ts";
import { judgePresence } from "./presence.ts";
import { type Lineage, lineagesOf } from "./lineage.ts";
import { judgeList } from "./lists.ts";
import { promisesOf } from "./promises.ts";

/** A promise that was broken. */
export interface Violation {
  /** The promise, in a few words; each rule has its own. */
  readonly rule: string;
  /** The request that shows it. */
  readonly by: number;
  /** The session concerned, if it is one's. */
  readonly session?: string;
  /** The earlier request that it contradicts. */
  readonly against?: number;
}

/** Reports one violation. */
export type Blame = (
  rule: string,
  by: Operation,
  rest?: { session?: Lineage; against?: Operation },
) => void;

/**
 * Every violation of a history, in the order of the requests that show them.
 *
 * @throws when the history itself cannot be: a cookie was sent that no response has set
 */
export function check(given: History): Violation[] {
  const operations = given.operations.toSorted((one, other) => one.startedAt - other.startedAt);
  const history = { ...given, operations };
  const lineages = lineagesOf(history);
  for (const lineage of lineages.values()) lineage.ends.push(...endsOf(lineage, history));
  const promises = promisesOf(history);
  const violations: Violation[] = [];
  const blame: Blame = (rule, by, { session, against } = {}) => {
    violations.push({
      rule,
      by: by.number,
      ...(session && { session: session.name }),
      ...(against && { against: against.number }),
    });
  };

  for (const operation of operations) {
    const { sent } = operation;
    const session = sent ? lineages.get(sent.session) : undefined;
    if (sent && !session) {
      throw new Error(`request ${operation.number} sends a cookie that was never set`);
    }
    judgeAnswer(operation, session, { history, blame });
    judgeList(operation, lineages, { history, promises, blame });
    if (session) {
      judgePresence(operation, session, { history, promises, blame });
      judgeData(operation, session, { history, promises, blame });
    }
  }
  judgeEnds({ history, lineages, blame });
  return violations.toSorted((one, other) => one.by - other.by);
}

/**
 * The part of a history that has to do with a violation: every request that sent or was given one of its sessions, or
 * ended them by the list of their user.
 */
export function excerpt(history: History, { session }: Violation): Operation[] {
  const family = new Set<string>(session === undefined ? [] : [session]);
  const names = ({ sent, set }: Operation) =>
    [sent, set].flatMap((each) => (typeof each === "object" && each ? each.session : []));
  for (let size = 0; size < family.size;) {
    size = family.size;
    for (const operation of history.operations) {
      const own = names(operation);
      if (isMove(operation) && own.some((name) => family.has(name))) {
        for (const name of own) family.add(name);
      }
    }
  }
  const isOfFamily = (each: Operation) => names(each).some((name) => family.has(name));
  const users = new Set(history.operations.filter(isOfFamily).map(accountOf));
  return history.operations.filter(
    (each) => isOfFamily(each) || (endsByList(each) && users.has(accountOf(each))),
  );
}
