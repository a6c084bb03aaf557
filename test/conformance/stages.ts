import type { Stage } from "./row.ts";
import { access } from "./rows/access.ts";
import { afterReboot, afterRestart } from "./rows/again.ts";
import { limits } from "./rows/limits.ts";
import { machines } from "./rows/machines.ts";
import { playground } from "./rows/playground.ts";
import { mended, settled, whileTasksRun } from "./rows/tasks.ts";

/** In the order in which they are asked: each may begin with what the one before has left. */
export const stages: readonly Stage[] = [
  limits,
  playground,
  access,
  machines,
  afterReboot,
  afterRestart,
  whileTasksRun,
  settled,
  mended,
];
