import type { Command } from "@commander-js/extra-typings";
import { formatSize } from "../manifest/size.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { readNewPassword, readPassword } from "./secret-input.ts";

/** `labyard account …`: one's own account. */
export function registerAccount(program: Command, context: CliContext): void {
  const account = program.command("account").description("Your account on this server");

  account
    .command("show")
    .description("Show who you are here, and how much of your quotas is used")
    .option("--json", "as JSON")
    .action(async options => {
      const me = await (await connect(context)).account();
      if (options.json) {
        context.stdout.write(`${JSON.stringify(me, null, 2)}\n`);
        return;
      }
      const { activePlays, vcpus, memoryMiB, hostMemoryMiB } = me.quotas;
      const size = (mebibytes: number) => (mebibytes === 0 ? "0" : formatSize(mebibytes));
      const line = (label: string, value: string) => context.stdout.write(`${`${label}:`.padEnd(14)} ${value}\n`);
      line("Name", me.name);
      line("ID", me.id);
      line("Role", me.administrator ? "administrator" : "user");
      for (const { label, issuer } of me.identities) line("Identity", `${label} (${issuer})`);
      line("Active plays", `${activePlays.used} of ${activePlays.limit}`);
      line("vCPUs", `${vcpus.used} of ${vcpus.limit}`);
      line("Memory", `${size(memoryMiB.used)} of ${size(memoryMiB.limit)}`);
      line("On this host", `${size(hostMemoryMiB.used)} of ${size(hostMemoryMiB.limit)} memory, all plays together`);
    });

  account
    .command("password")
    .description("Set or change your password; your other sessions end")
    .action(async () => {
      const client = await connect(context);
      const { hasPassword } = await client.account();
      const current = hasPassword && context.stdin.isTTY ? await readPassword(context, "Current password") : undefined;
      const password = await readNewPassword(context);
      await client.setPassword({ password, ...(current === undefined ? {} : { current }) });
      context.stderr.write("Your password has been changed.\n");
    });
}
