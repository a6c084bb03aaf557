import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
import { registerUserAdd } from "./user-add.ts";
import { registerUserChange } from "./user-change.ts";
import { registerUserInvite } from "./user-invite.ts";
import { registerUserList } from "./user-list.ts";
import { registerUserRemove } from "./user-remove.ts";

/** `labyard user …`: who has an account on this server. For administrators. */
export function registerUser(program: Command, context: CliContext): void {
  const user = program.command("user").alias("users").description("The people of this server (for administrators)");
  for (const register of [
    registerUserAdd,
    registerUserList,
    registerUserInvite,
    registerUserChange,
    registerUserRemove,
  ]) {
    register(user, context);
  }
}
