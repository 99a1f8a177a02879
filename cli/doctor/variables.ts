// Which Redis the variables name, which was chosen, and why.

import { findRedis, type RedisFinding, type RedisFindings } from "coatcheck/env";
import type { Variables } from "./files.ts";
import type { Finding, Report } from "./finding.ts";
import { originText } from "./origin.ts";

const WHY_WRONG = "sessions are not kept there: storeFromEnv passes it over";
const WHY_SEVERAL =
  "sessions are kept in none of them: storeFromEnv cannot tell which one has those of before";

/** Reports every variable that names a Redis, and answers what `findRedis` found. */
export function checkVariables(
  variables: Variables,
  hasClient: boolean,
  report: Report,
): RedisFindings {
  report(filesFinding(variables));
  const found = findRedis(variables.env);
  for (const finding of found.findings) {
    if (finding !== found.chosen) report(passedOver(variables, finding, found, hasClient));
  }
  const { chosen, why, mend } = found;
  if (chosen) {
    const where = originText(variables, ...chosen.names);
    const host = chosen.host === undefined ? "" : ` at ${chosen.host}`;
    report({
      check: "env.redis",
      status: "ok",
      message: `${where} is used: ${chosen.says}${host}`,
      details: { names: chosen.names.join(), kind: chosen.kind, host: chosen.host ?? "" },
    });
  } else if (mend !== undefined && found.findings.some(({ kind }) => kind === "rest")) {
    // One that can be used, and none chosen: they lead to several databases, whatever else is set.
    report({ check: "env.redis", status: "wrong", message: why, why: WHY_SEVERAL, mend });
  } else if (found.findings.every(({ isDoubtful }) => isDoubtful) && !hasClient) {
    report({
      check: "env.redis",
      status: "skipped",
      message: "no variable names a Redis",
      mend: "set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN to those of the database's page in Upstash's console",
    });
  }
  return found;
}

/** What is set, and not used. */
function passedOver(
  variables: Variables,
  finding: RedisFinding,
  { chosen }: RedisFindings,
  hasClient: boolean,
): Finding {
  const { names, kind, host, says, mend, isDoubtful } = finding;
  const where = names.length === 0 ? "the environment" : originText(variables, ...names);
  const at = host === undefined ? "" : ` (${host})`;
  const base = { check: "env.redis", message: `${where}${at}: ${says}` };
  const details = { names: names.join(), kind, host: host ?? "" };
  if (kind === "rest") {
    const since = chosen ? `${chosen.names[0]} goes before it` : "several are set";
    const message = `${where}${at}: not used, since ${since}`;
    return { check: "env.redis", status: chosen ? "ok" : "warning", message, details };
  }
  if (isDoubtful || (kind === "tcp" && (chosen || hasClient))) {
    const rest = mend === undefined ? {} : { mend };
    return { ...base, status: kind === "tcp" ? "skipped" : "warning", ...rest, details };
  }
  return { ...base, status: "wrong", why: WHY_WRONG, ...(mend ? { mend } : {}), details };
}

/** Which files were read; names of variables are told one by one. */
function filesFinding({ files }: Variables): Finding {
  const message =
    files.length === 0
      ? "no file was read; variables are those of this process"
      : `read from ${files.join(", ")}; what this process has goes before`;
  return { check: "env.files", status: "ok", message, details: { files: files.join() } };
}
