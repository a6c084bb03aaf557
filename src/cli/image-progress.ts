import type { ImageProgress } from "../images/progress.ts";
import { formatBytes } from "./bytes.ts";
import type { CliContext } from "./context.ts";

const eraseLine = "\r\u001b[K";
/** Streams whose last line is one that is still being redrawn. */
const drawnOn = new WeakSet<NodeJS.WriteStream>();

/**
 * One line on stderr for each thing that is done, layers among them. On a terminal the line that is being worked on is
 * shown with its share and replaced; elsewhere only beginnings and ends are printed.
 */
export function showImageProgress(context: CliContext): (progress: ImageProgress) => void {
  const { stderr } = context;
  const begun = new Set<string>();
  const ended = new Set<string>();
  const print = (line: string) => {
    endImageProgress(context);
    stderr.write(`${line}\n`);
  };
  return ({ message, doneBytes, totalBytes }) => {
    if (doneBytes === undefined) {
      if (!begun.has(message)) print(message);
      begun.add(message);
      return;
    }
    if (totalBytes !== undefined && doneBytes >= totalBytes) {
      if (!ended.has(message)) print(`${message}: ${formatBytes(totalBytes)}`);
      ended.add(message);
      return;
    }
    if (!stderr.isTTY) return;
    const share = totalBytes === undefined ? formatBytes(doneBytes) : `${Math.floor((doneBytes / totalBytes) * 100)} %`;
    // Terminals that do not know their size say 0. The last column stays free, or some would begin another line.
    stderr.write(`${eraseLine}${`${message}: ${share}`.slice(0, Math.max(stderr.columns || 80, 20) - 1)}`);
    drawnOn.add(stderr);
  };
}

/** Takes away what is being drawn, so that something else can be said. */
export function endImageProgress({ stderr }: Pick<CliContext, "stderr">): void {
  if (drawnOn.delete(stderr)) stderr.write(eraseLine);
}
