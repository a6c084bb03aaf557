import { catalogue, removal } from "./sequence/catalogue.ts";
import { exposure } from "./sequence/exposure.ts";
import { lifecycle } from "./sequence/lifecycle.ts";
import { login, logout } from "./sequence/login.ts";
import { start } from "./sequence/start.ts";
import { tunnels } from "./sequence/tunnels.ts";
import type { Step } from "./step.ts";

/** The acceptance sequence of the official client's contract, from login to logout, on one machine. */
export const sequence: readonly Step[] = [
  ...login,
  ...catalogue,
  ...start,
  ...tunnels,
  ...exposure,
  ...lifecycle,
  ...removal,
  ...logout,
];
