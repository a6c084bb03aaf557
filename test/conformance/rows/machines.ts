import { isReady } from "../../fixtures/play.ts";
import { startPlay, until } from "../plays.ts";
import type { Stage } from "../row.ts";
import { drives } from "./machines/drives.ts";
import { networks } from "./machines/networks.ts";
import { noSSH } from "./machines/no-ssh.ts";
import { portForwards } from "./machines/port-forwards.ts";
import { registry } from "./machines/registry.ts";
import { resources } from "./machines/resources.ts";
import { startupFiles } from "./machines/startup-files.ts";
import { tabRows } from "./machines/tabs.ts";
import { users } from "./machines/users.ts";

export const machines: Stage = {
  title: "Inside the machines",
  play: "fields",
  async reach(world) {
    const playId = await startPlay("fields", world);
    await until(world, playId, "started", state => isReady(state) && state.tasks.every(({ status }) => status === 40));
  },
  rows: [
    ...networks,
    ...resources,
    ...registry,
    ...users,
    ...drives,
    ...startupFiles,
    ...noSSH,
    ...tabRows,
    ...portForwards,
  ],
};
