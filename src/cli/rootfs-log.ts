import { styleText } from "node:util";
import type { OnBuildEvent } from "../build/build-event.ts";
import type { CliContext } from "./context.ts";
import { logLevels, type RootfsOptions } from "./rootfs-options.ts";

/** Says on stderr what a build is doing; what its commands print goes to the same streams as with them. */
export function buildLog(context: CliContext, { logLevel, execLogs }: RootfsOptions): OnBuildEvent {
  const isShown = (level: RootfsOptions["logLevel"]) => logLevels.indexOf(level) >= logLevels.indexOf(logLevel);
  let last = "";
  return event => {
    if (event.kind === "output") {
      if (execLogs && isShown("info")) context[event.stream].write(event.bytes);
      return;
    }
    const level = event.kind === "step" ? "info" : event.kind === "detail" ? "debug" : "warn";
    const line = `${level}: ${event.message}`;
    // Engines repeat their progress.
    if (!isShown(level) || line === last) return;
    last = line;
    const style = event.kind === "warning" ? "yellow" : event.kind === "step" ? "cyan" : "dim";
    context.stderr.write(`${styleText(style, `${level}:`, { stream: context.stderr })} ${event.message}\n`);
  };
}
