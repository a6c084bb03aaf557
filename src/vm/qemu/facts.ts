import { stat } from "node:fs/promises";
import { Problem } from "../../api/problems.ts";
import { run } from "../../host/process.ts";

/** What the installed QEMU is. */
export interface QemuFacts {
  program: string;
  version: string;
  /** A versioned type, never the alias: saved machines need the very same one. */
  machineType: string;
}

const program = "qemu-system-x86_64";
const preferredMachineType = "pc-q35-7.2";
let known: { key: string; facts: Promise<QemuFacts> } | undefined;

/** Asks QEMU once per installed binary. Rejects with `host/tool-missing` where there is none. */
export async function qemuFacts(): Promise<QemuFacts> {
  const key = await installationKey();
  if (known?.key !== key) known = { key, facts: readFacts() };
  try {
    return await known.facts;
  } catch (error) {
    known = undefined;
    throw error;
  }
}

async function installationKey(): Promise<string> {
  const found = await stat(`/usr/bin/${program}`).catch(() => undefined);
  return found === undefined ? "unknown" : `${found.ino} ${found.mtimeMs}`;
}

async function readFacts(): Promise<QemuFacts> {
  const [version, machines] = await Promise.all([
    run([program, "--version"], { timeoutMs: 10_000 }),
    run([program, "-machine", "help"], { timeoutMs: 10_000 }),
  ]);
  const machineType = chooseMachineType(machines.stdout);
  if (machineType === undefined) {
    throw new Problem("vm/start-failed", { message: `${program} offers no versioned q35 machine type` });
  }
  return { program, version: /version (\S+)/.exec(version.stdout)?.[1] ?? "unknown", machineType };
}

/** The type we are tested with, else the newest versioned q35 of `-machine help`. */
export function chooseMachineType(help: string): string | undefined {
  const offered = [...help.matchAll(/^(pc-q35-\d+\.\d+)\s/gm)].map(match => match[1] as string);
  if (offered.includes(preferredMachineType)) return preferredMachineType;
  return offered.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
}
