import type { Command } from "@commander-js/extra-typings";
import type { UpdateUserBody } from "../api/contract/users.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { readNewPassword } from "./secret-input.ts";

/** Commands that change one thing about one person. */
export function registerUserChange(user: Command, context: CliContext): void {
  const change = (
    name: string,
    description: string,
    body: () => UpdateUserBody | Promise<UpdateUserBody>,
    done: string,
  ) =>
    user
      .command(name)
      .argument("<name>")
      .description(description)
      .action(async who => {
        const client = await connect(context);
        const changed = await client.updateUser(who, await body());
        context.stderr.write(`${changed.name} ${done}.\n`);
      });
  change(
    "disable",
    "Shut a person out at once: sessions, tokens and open connections end; their plays go on",
    () => ({ disabled: true }),
    "is disabled",
  );
  change("enable", "Let a disabled person in again", () => ({ disabled: false }), "is enabled");
  change("promote", "Make a person an administrator", () => ({ administrator: true }), "is an administrator");
  change(
    "demote",
    "Make an administrator an ordinary person",
    () => ({ administrator: false }),
    "is no longer an administrator",
  );
  change(
    "password",
    "Give a person a password, typed or from a pipe; ends their sessions",
    async () => ({ password: await readNewPassword(context) }),
    "has a new password",
  );
}
