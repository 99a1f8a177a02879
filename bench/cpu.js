// The processor's time that a process has taken, as its parent sees it: the same for every runtime, also for one whose
// clocks stand still while it works.

// @ts-check

import { readdirSync, readFileSync } from "node:fs";

/**
 * Microseconds, of all threads. Linux alone has it to the nanosecond; `/proc/<pid>/stat` counts in steps of 10 ms.
 * @param {number} pid
 */
export function cpuOf(pid) {
  const folder = `/proc/${pid}/task`;
  let nanoseconds = 0;
  for (const thread of readdirSync(folder)) {
    nanoseconds += Number(readFileSync(`${folder}/${thread}/schedstat`, "utf8").split(" ")[0]);
  }
  return nanoseconds / 1000;
}

/** Whether this system tells. */
export function hasCpuTime() {
  try {
    return cpuOf(process.pid) > 0;
  } catch {
    // No such folder, as on macOS, or a kernel that does not count.
    return false;
  }
}
