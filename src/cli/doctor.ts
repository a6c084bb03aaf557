import { styleText } from "node:util";
import type { Command } from "@commander-js/extra-typings";
import type { HostCheck } from "../playground/host-checks.ts";
import type { CliContext } from "./context.ts";

const styles = { ok: "green", degraded: "yellow", failed: "red" } as const;

export function registerDoctor(program: Command, context: CliContext): void {
  program
    .command("doctor")
    .description("Check this host by using what plays need; exit code 1 when something failed")
    .option("--json", "print findings as JSON")
    .action(async options => {
      const { checkHost } = await import("../playground/host-checks.ts");
      const { readConfig } = await import("../server/config.ts");
      const config = await readConfig(context.paths);
      const findings: HostCheck[] = [];
      for await (const finding of checkHost({
        paths: context.paths,
        port: config.listen.port,
        signal: context.signal,
      })) {
        findings.push(finding);
        if (!options.json) print(context, finding);
      }
      const worst =
        (["failed", "degraded"] as const).find(status => findings.some(finding => finding.status === status)) ?? "ok";
      if (options.json) context.stdout.write(`${JSON.stringify({ status: worst, findings }, null, 2)}\n`);
      else context.stdout.write(`\n${verdicts[worst]}\n`);
      context.exitCode = worst === "failed" ? 1 : 0;
    });
}

const verdicts = {
  ok: "This host runs plays.",
  degraded: "This host runs plays, with the limits above.",
  failed: "This host cannot run plays until the failed checks are mended.",
};

function print(context: CliContext, { check, status, message, action }: HostCheck): void {
  context.stdout.write(
    `${styleText(styles[status], status.padEnd(8), { stream: context.stdout })}  ${check}: ${message}\n`,
  );
  if (action !== undefined) context.stdout.write(`          ${action}\n`);
}
