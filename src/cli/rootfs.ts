import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { installedVersion } from "../host/installed-version.ts";
import type { CliContext } from "./context.ts";
import { registerRootfsDryRun } from "./rootfs-dry-run.ts";
import { logLevels, type RootfsOptions } from "./rootfs-options.ts";
import { registerRootfsPack } from "./rootfs-pack.ts";
import { registerRootfsRun } from "./rootfs-run.ts";
import { registerRootfsUnpack } from "./rootfs-unpack.ts";

/** `labyard rootfs …`: build scripts. */
export function registerRootfs(program: Command, context: CliContext): void {
  const rootfs = program
    .command("rootfs")
    .description("Make root filesystems from build scripts (TOML)")
    .addOption(new Option("-A, --async-threads <number>", "accepted, without effect").argParser(count).hideHelp())
    .addOption(
      new Option("-B, --max-blocking-threads <number>", "accepted, without effect").argParser(count).hideHelp(),
    )
    .addOption(new Option("-l, --log-level <level>", "how much is said").choices(logLevels).default("info" as const))
    .option("-e, --no-exec-logs", "do not show the output of commands unless they fail")
    .version(installedVersion(), "--version", "print the version of Labyard")
    .enablePositionalOptions();
  const options = (): RootfsOptions => {
    const { logLevel, execLogs } = rootfs.opts();
    return { logLevel, execLogs };
  };
  registerRootfsRun(rootfs, context, options);
  registerRootfsDryRun(rootfs, context);
  registerRootfsPack(rootfs, context);
  registerRootfsUnpack(rootfs, context);
}

/** Of threads: nothing comes of it, but what is no number is a mistake. */
function count(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Write a whole number from 1.");
}
