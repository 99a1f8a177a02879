// Which variable, and where it stands: `REDIS_URL (.env.local)`.

import type { Variables } from "./files.ts";

export function originText(variables: Variables, ...names: readonly string[]): string {
  return names
    .map((name) => {
      const file = variables.originOf(name);
      return file === undefined ? name : `${name} (${file})`;
    })
    .join(" and ");
}
