import { Problem } from "../../api/problems.ts";
import type { Filesystem } from "../../images/filesystem-builder.ts";
import type { Vm } from "../../vm/machine.ts";

/** The target fills up, or something is wrong; on a host under heavy load it may do so slowly. */
const standstillMaxMs = 10 * 60_000;
/** Before the first word of its init a machine has done nothing, so it costs little to give up one that may hang. */
const silenceMaxMs = 60_000;
const prefix = "labyard-copy: ";
const line = /^labyard-copy: (used|done|failed:)(?: (.*))?$/;

export interface CopyWatch {
  /** Of the target. */
  filesystem: Filesystem;
  signal: AbortSignal;
  onProgress?: (usedBytes: number) => void;
  /** How long nothing at all may come from a machine whose init has not spoken yet. Default one minute. */
  silenceMaxMs?: number;
}

/**
 * Starts the machine that copies and resolves when it has said that it is done and has gone.
 *
 * An emulator may hang before its kernel's first sign of life. Such a machine is ended and another one started, once.
 * However this ends, no machine is left.
 */
export async function runCopy(start: () => Promise<Vm>, watch: CopyWatch): Promise<void> {
  {
    await using vm = await start();
    if ((await awaitEnd(vm, watch, watch.silenceMaxMs ?? silenceMaxMs)) === "done") return;
  }
  await using vm = await start();
  await awaitEnd(vm, watch);
}

/** `silent`: nothing came from it for so long, and it has not begun. Without `silenceMaxMs` that is never the answer. */
async function awaitEnd(vm: Vm, watch: CopyWatch, silenceMaxMs?: number): Promise<"done" | "silent"> {
  const { filesystem, signal, onProgress } = watch;
  const stopped = Promise.withResolvers<"silent">();
  const why = `nothing changed for ${standstillMaxMs / 60_000} minutes`;
  const standstill = setTimeout(() => stopped.reject(failed(vm, why)), standstillMaxMs);
  const silence = silenceMaxMs === undefined ? undefined : setTimeout(() => stopped.resolve("silent"), silenceMaxMs);
  let hasBegun = false;
  let usedKiB: string | undefined;
  const onAbort = () => stopped.reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  const forget = vm.console.onOutput(() => {
    hasBegun ||= vm.console.tail().includes(prefix);
    if (hasBegun) clearTimeout(silence);
    else silence?.refresh();
    const [, kind, rest] = line.exec(vm.console.lastLines(1)[0] ?? "") ?? [];
    if (kind !== "used" || rest === usedKiB || !/^\d+$/.test(rest ?? "")) return;
    usedKiB = rest;
    standstill.refresh();
    onProgress?.(Number(rest) * 1024);
  });
  try {
    signal.throwIfAborted();
    const end = await Promise.race([vm.exited, stopped.promise]);
    if (end === "silent") return end;
    const ends = end.consoleLines.map(text => line.exec(text)).filter(match => match !== null && match[1] !== "used");
    const [, kind, reason = ""] = ends[0] ?? [];
    if (kind === "done") return "done";
    if (/No space left on device/.test(reason)) {
      throw new Problem("image/too-big-for-drive", {
        message: `the content does not fit into the drive as ${filesystem}: ${reason}`,
      });
    }
    throw failed(vm, kind === undefined ? "it ended early" : reason);
  } finally {
    forget();
    clearTimeout(standstill);
    clearTimeout(silence);
    signal.removeEventListener("abort", onAbort);
  }
}

function failed(vm: Vm, why: string): Problem {
  return new Problem("image/filesystem-failed", {
    message: `the machine that fills the drive could not do it: ${why}`,
    details: vm.console.lastLines(12),
  });
}
