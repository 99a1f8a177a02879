// Every story, for every runtime.

import type { Case } from "../support/suite.ts";
import { cases as basket } from "./basket.ts";
import { cases as cookies } from "./cookies.ts";
import { cases as costs } from "./costs.ts";
import { cases as endingRace } from "./ending-race.ts";
import { cases as ending } from "./ending.ts";
import { cases as environment } from "./environment.ts";
import { cases as expiry } from "./expiry.ts";
import { cases as finishing } from "./finishing.ts";
import { cases as flash } from "./flash.ts";
import { cases as hands } from "./hands.ts";
import { cases as limits } from "./limits.ts";
import { cases as login } from "./login.ts";
import { cases as logout } from "./logout.ts";
import { cases as outage } from "./outage.ts";
import { cases as prefetch } from "./prefetch.ts";
import { cases as race } from "./race.ts";
import { cases as response } from "./response.ts";
import { cases as rotation } from "./rotation.ts";
import { cases as schema } from "./schema.ts";
import { cases as update } from "./update.ts";
import { cases as usersFaults } from "./users-faults.ts";
import { cases as usersLists } from "./users-lists.ts";
import { cases as usersRace } from "./users-race.ts";
import { cases as users } from "./users.ts";
import { cases as variables } from "./variables.ts";

const stories: Readonly<Record<string, readonly Case[]>> = {
  basket,
  login,
  users,
  usersRace,
  usersFaults,
  usersLists,
  logout,
  expiry,
  prefetch,
  flash,
  update,
  rotation,
  cookies,
  response,
  hands,
  schema,
  environment,
  variables,
  limits,
  costs,
  race,
  outage,
  ending,
  finishing,
  endingRace,
};

export const behaviour: readonly Case[] = Object.entries(stories).flatMap(([story, cases]) =>
  cases.map(({ name, run }) => ({ name: `${story}: ${name}`, run })),
);
