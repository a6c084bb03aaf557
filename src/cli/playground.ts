import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
import { registerCatalog } from "./playground-catalog.ts";
import { registerCreate } from "./playground-create.ts";
import { registerLifetime } from "./playground-lifetime.ts";
import { registerList } from "./playground-list.ts";
import { registerMachine } from "./playground-machine.ts";
import { registerManifestDump } from "./playground-manifest.ts";
import { registerRemove } from "./playground-remove.ts";
import { registerStart } from "./playground-start.ts";
import { registerStatus } from "./playground-status.ts";
import { registerStop } from "./playground-stop.ts";
import { registerTasks } from "./playground-tasks.ts";
import { registerUpdate } from "./playground-update.ts";
import { registerWait } from "./playground-wait.ts";

/** `labyard playground …`: the commands of the manifest reference, under the names people know. */
export function registerPlayground(program: Command, context: CliContext): void {
  const playground = program
    .command("playground")
    .aliases(["p", "playgrounds"])
    .description("Playgrounds and the plays started from them");
  for (const register of [
    registerCatalog,
    registerCreate,
    registerManifestDump,
    registerUpdate,
    registerRemove,
    registerStart,
    registerList,
    registerStatus,
    registerTasks,
    registerStop,
    registerMachine,
    registerLifetime,
    registerWait,
  ]) {
    register(playground, context);
  }
}
