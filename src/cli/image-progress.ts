import type { ImageProgress } from "../images/progress.ts";
import { formatBytes } from "./bytes.ts";
import type { CliContext } from "./context.ts";

/**
 * One line on stderr for each thing that is done, layers among them. On a terminal the line that is being worked on is
 * shown with its share and replaced; elsewhere only beginnings and ends are printed.
 */
export function showImageProgress(context: CliContext): (progress: ImageProgress) => void {
  const { stderr } = context;
  const begun = new Set<string>();
  const ended = new Set<string>();
  let drawn = false;
  const print = (line: string) => {
    stderr.write(`${drawn ? "\r\u001b[K" : ""}${line}\n`);
    drawn = false;
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
    stderr.write(`\r\u001b[K${message}: ${share}`.slice(0, (stderr.columns ?? 80) + 3));
    drawn = true;
  };
}
