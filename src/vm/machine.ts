import type { DriveFile } from "../plan/plan.ts";

/** One virtual machine, concretely. Plain data: every file exists, every tap is up, nothing is left to choose. */
export interface VmSpec {
  /** Machine name; shown in the process list. */
  name: string;
  uuid: string;
  vcpus: number;
  memoryMiB: number;
  acceleration: "kvm" | "tcg";
  kernelImage: string;
  /** The kernel's command line; see `kernelArguments`. */
  kernelArguments: string;
  initrd: string;
  /** The guest sees them as vda, vdb, … in this order. */
  drives: readonly DriveFile[];
  /** Read-only, raw; comes after the machine's own drives. */
  modulesDrive?: string;
  /** Taps that exist in the namespace this process runs in; eth0, eth1, … in this order. */
  taps: readonly { tap: string; mac: string }[];
}

export interface VmOptions {
  /** The last console output is kept here and in a second file beside it, 1 MiB together. */
  consoleLog: string;
  /** Aborts the start; a machine that runs already is not touched. */
  signal: AbortSignal;
  /** How long the monitor may take until it answers. Default 30 000. */
  startTimeoutMs?: number;
}

/**
 * Starts a machine and returns it as soon as its processors run. The caller owns it and must `kill` it.
 *
 * When this rejects no process is left. The machine also ends when this process does.
 */
export type StartVm = (spec: VmSpec, options: VmOptions) => Promise<Vm>;

export interface Vm extends AsyncDisposable {
  readonly pid: number;
  /** Resolves once, whatever the end was; never rejects. */
  readonly exited: Promise<VmExit>;
  readonly console: VmConsole;
  /** Calls back for each event until the returned function is called. */
  onEvent(listener: (event: VmEvent) => void): () => void;
  /** Presses the power button. What the guest makes of it shows in `exited`: bound your wait and `kill`. */
  powerDown(signal?: AbortSignal): Promise<void>;
  /** Ends the machine at once. Safe to repeat. */
  kill(): Promise<VmExit>;
}

/**
 * `reboot`: the guest restarts and the machine goes on. `disk-full`: it stands still because the host could not store
 * what it wrote; its writes are tried again until that works, then it goes on (`disk-freed`). After `shutdown` and
 * `panic` it ends, see `exited`.
 */
export type VmEvent = { kind: "reboot" | "disk-full" | "disk-freed" | "shutdown" | "panic" };

export interface VmExit {
  /** `crashed`: the monitor ended without being asked by the guest or by us. */
  reason: "shutdown" | "panic" | "killed" | "crashed";
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** What the monitor said on stderr last. */
  stderr: string;
  /** The last lines of the guest's console. */
  consoleLines: string[];
}

export interface VmConsole {
  /** The last non-empty lines, terminal escapes removed. */
  lastLines(count: number): string[];
  /** The last 64 KiB as they came. */
  tail(): Buffer;
  /** Calls back with output as it comes, until the returned function is called. A listener must not block. */
  onOutput(listener: (chunk: Buffer) => void): () => void;
  /** Types into the console; false (and nothing sent) when the guest has stopped reading. */
  write(input: Uint8Array | string): boolean;
}

/** vda for 0 … vdz for 25: how a guest calls the drive at this position. */
export function guestDevice(index: number): string {
  if (index < 0 || index > 25) throw new RangeError(`there is no drive position ${index}`);
  return `vd${String.fromCharCode(97 + index)}`;
}
