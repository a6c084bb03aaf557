import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem } from "../api/problems.ts";
import { withParents, writeCpio } from "../lib/cpio.ts";
import type { Kernel } from "./kernels/catalogue.ts";
import { kernelArguments } from "./kernels/command-line.ts";
import { writeInitrd } from "./kernels/initramfs.ts";
import type { Vm, VmSpec } from "./machine.ts";
import { startVm } from "./qemu/start.ts";

export type AccelerationVerdict = "ok" | "no-device" | "no-permission" | "ioctl-failed" | "does-not-execute";

export interface AccelerationFinding {
  verdict: AccelerationVerdict;
  /** One readable line. */
  detail: string;
  elapsedMs: number;
}

const sign = "labyard-probe: user space runs";
const shownLines = 5;

/**
 * Boots a kernel up to its first user program, against a deadline, and says how far it came.
 *
 * `ioctl-failed`: QEMU could not even set the processor up. Leaves no process and no file.
 */
export async function executeKernel(
  acceleration: VmSpec["acceleration"],
  kernel: Pick<Kernel, "image" | "initramfs">,
  { deadlineMs, signal }: { deadlineMs: number; signal: AbortSignal },
): Promise<AccelerationFinding> {
  const directory = await mkdtemp(join(tmpdir(), "labyard-probe-"));
  const startedAt = performance.now();
  const finding = (verdict: AccelerationVerdict, detail: string): AccelerationFinding => ({
    verdict,
    detail,
    elapsedMs: Math.round(performance.now() - startedAt),
  });
  try {
    const spec = await probeMachine(acceleration, kernel, directory);
    await using vm = await startVm(spec, { consoleLog: join(directory, "console.log"), signal });
    const outcome = await awaitSign(vm, deadlineMs, signal);
    if (outcome === "seen")
      return finding("ok", `a kernel reached its first program under ${acceleration.toUpperCase()}`);
    const { consoleLines } = await vm.kill();
    const end = consoleLines.slice(-shownLines).join(" / ") || "it printed nothing";
    const what = outcome === "ended" ? "ended early" : `was not up after ${deadlineMs / 1000} s`;
    return finding("does-not-execute", `${acceleration.toUpperCase()} starts, but the kernel ${what}: ${end}`);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Problem) || error.code !== "vm/start-failed") throw error;
    return finding("ioctl-failed", error.message);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function probeMachine(
  acceleration: VmSpec["acceleration"],
  kernel: Pick<Kernel, "image" | "initramfs">,
  directory: string,
): Promise<VmSpec> {
  const init = `#!/bin/busybox sh\necho "${sign}"\n/bin/busybox poweroff -f\n`;
  const seed = join(directory, "probe.cpio");
  const initrd = join(directory, "initrd.cpio");
  await writeFile(seed, writeCpio(withParents([{ path: "init", type: "file", mode: 0o755, content: init }])));
  await writeInitrd(initrd, [kernel.initramfs, seed]);
  return {
    name: `probe-${acceleration}`,
    uuid: "6c616279-6172-8d70-8000-726f62652121",
    vcpus: 1,
    memoryMiB: 256,
    acceleration,
    kernelImage: kernel.image,
    kernelArguments: kernelArguments(acceleration),
    initrd,
    drives: [],
    taps: [],
  };
}

/** Reads what the guest says until the sign, its end, or the deadline. */
async function awaitSign(vm: Vm, timeoutMs: number, signal: AbortSignal): Promise<"seen" | "ended" | "late"> {
  const done = Promise.withResolvers<"seen" | "ended" | "late">();
  const look = () => vm.console.lastLines(shownLines).includes(sign) && done.resolve("seen");
  const forget = vm.console.onOutput(look);
  const timer = setTimeout(() => done.resolve("late"), timeoutMs);
  const onAbort = () => done.reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  void vm.exited.then(({ consoleLines }) => done.resolve(consoleLines.includes(sign) ? "seen" : "ended"));
  look();
  try {
    return await done.promise;
  } finally {
    forget();
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
