import { access } from "node:fs/promises";
import { dirname } from "node:path";
import type { BootStep } from "../api/play-state.ts";
import { Problem } from "../api/problems.ts";
import type { BaseDrive } from "../images/base-drive.ts";
import { checkUsers } from "../images/check-users.ts";
import { ensureBaseDrive, lookupBaseDrive } from "../images/ensure-base-drive.ts";
import type { ImageProgress } from "../images/progress.ts";
import type { RegistryAccess } from "../images/registry/access.ts";
import type { DrivePlan, MachinePlan, Plan } from "../plan/plan.ts";
import { type Paths, preparedFile } from "../store/paths.ts";
import { readRecord } from "../store/play-records.ts";
import { rootDrive } from "./root-drive.ts";
import { ensureKernel, type Kernel, lookupKernel } from "../vm/kernels/catalogue.ts";
import { ensureLentSshd } from "../vm/kernels/lent-sshd.ts";
import { requireAcceleration } from "../vm/probe.ts";
import { filesystemBuilder } from "./filesystem-builder/build-filesystem.ts";
import { mountableBase } from "./mountable-base.ts";

/** What the machines of a play boot from; stored as prepared.json. */
export interface Prepared {
  /** Found by executing; recorded so that the runner, inside its namespaces, need not look again. */
  acceleration: "kvm" | "tcg";
  machines: Record<string, PreparedMachine>;
}

export interface PreparedMachine {
  kernel: Kernel;
  /** Of every drive that has a source, by device; the root drive's among them. */
  bases: Record<string, BaseDrive>;
  /** Archive of the initrd with an sshd, for an image that has none of use. */
  lentSshd?: string;
}

export interface PrepareOptions {
  paths: Paths;
  plan: Plan;
  registries: RegistryAccess;
  onProgress: (machine: string, step: BootStep) => void;
  signal: AbortSignal;
}

/** Everything from the caches in a few milliseconds, or undefined when something has to be fetched or built. */
export async function lookupPrepared(paths: Paths, plan: Plan, signal: AbortSignal): Promise<Prepared | undefined> {
  const machines: Prepared["machines"] = {};
  const earlier = await readRecord<Prepared>(preparedFile(paths, plan.playId));
  for (const machine of plan.machines) {
    const found = await placeProblems(machine.name, async () => {
      const kernel = await lookupKernel(machine.kernel, paths);
      if (kernel === undefined) return undefined;
      const bases: Record<string, BaseDrive> = {};
      for (const drive of drivesFromImages(machine)) {
        const base =
          (await keptBase(earlier, machine, drive)) ??
          (await mountableBase(drive, bases, copy => lookupBaseDrive({ paths, ...baseRequest(drive), copy })));
        if (base === undefined) return undefined;
        bases[drive.device] = base;
      }
      requireUsers(machine, bases);
      return { kernel, bases, ...(await lentSshd(machine, { kernel, bases }, signal)) };
    });
    if (found === undefined) return undefined;
    machines[machine.name] = found;
  }
  return { acceleration: await requireAcceleration({ paths, signal }), machines };
}

/**
 * Makes sure that kernel and base drive of every machine are in the cache.
 *
 * Machines that share an image prepare it once. Rejects with the first Problem, which names the machine and the
 * step; what has been fetched until then stays in the cache for the next attempt.
 */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const machines: Prepared["machines"] = {};
  const earlier = await readRecord<Prepared>(preparedFile(options.paths, options.plan.playId));
  for (const machine of options.plan.machines) {
    options.signal.throwIfAborted();
    const say = (message: string, progress?: number) =>
      options.onProgress(machine.name, { phase: "image", message, ...(progress === undefined ? {} : { progress }) });
    machines[machine.name] = await placeProblems(machine.name, async () => {
      const kernel = await ensureKernel(machine.kernel, {
        paths: options.paths,
        onProgress: say,
        signal: options.signal,
      });
      const bases: Record<string, BaseDrive> = {};
      for (const drive of drivesFromImages(machine)) {
        bases[drive.device] =
          (await keptBase(earlier, machine, drive)) ??
          (await mountableBase(drive, bases, copy =>
            ensureBaseDrive({
              paths: options.paths,
              ...baseRequest(drive),
              copy,
              build: filesystemBuilder(options.paths),
              registries: options.registries,
              onProgress: progress => say(progress.message, fraction(progress)),
              signal: options.signal,
            }),
          ));
      }
      requireUsers(machine, bases);
      return { kernel, bases, ...(await lentSshd(machine, { kernel, bases }, options.signal)) };
    });
  }
  return { acceleration: await requireAcceleration(options), machines };
}

/**
 * What the drive of an earlier start lies on. Its image may have another tag by now, or be built anew: the play keeps
 * the one it began with, because its data means nothing on another.
 */
async function keptBase(
  earlier: Prepared | undefined,
  machine: MachinePlan,
  drive: DrivePlan,
): Promise<BaseDrive | undefined> {
  const base = earlier?.machines[machine.name]?.bases[drive.device];
  if (base === undefined) return undefined;
  return access(base.path).then(
    () => base,
    () => undefined,
  );
}

function drivesFromImages(machine: MachinePlan): DrivePlan[] {
  return machine.drives.filter(drive => drive.source !== undefined);
}

function baseRequest(drive: DrivePlan) {
  return {
    source: drive.source as string,
    sizeBytes: drive.sizeBytes,
    sizeIsExplicit: drive.sizeIsExplicit,
    filesystem: drive.filesystem ?? ("ext4" as const),
    purpose: drive.mount === "/" ? ("root" as const) : ("data" as const),
  };
}

function requireUsers(machine: MachinePlan, bases: Record<string, BaseDrive>): void {
  const root = bases[rootDrive(machine).device];
  if (root === undefined) throw new Error(`the root drive of ${machine.name} has no image`);
  const [first, ...others] = checkUsers(machine, root);
  if (first === undefined) return;
  throw Problem.fromJSON({ ...first.toJSON(), details: others.map(problem => problem.message) });
}

/** For a machine whose image has no sshd that runs. Without any the machine could not be reached, so it does not start. */
async function lentSshd(
  machine: MachinePlan,
  { kernel, bases }: PreparedMachine,
  signal: AbortSignal,
): Promise<Pick<PreparedMachine, "lentSshd">> {
  const base = bases[rootDrive(machine).device];
  const finding = base?.findings.find(({ code }) => code === "boot/no-sshd");
  if (base === undefined || finding === undefined) return {};
  try {
    return { lentSshd: await ensureLentSshd({ directory: dirname(kernel.image), signal }) };
  } catch (error) {
    signal.throwIfAborted();
    throw new Problem("image/not-bootable", {
      message: `${base.reference} cannot boot as a machine: ${finding.message.replace(/;.*/, "")}, and this host has no sshd to lend it`,
      hint: finding.fix,
      details: [finding, Problem.from(error).message],
      cause: error,
    });
  }
}

async function placeProblems<T>(machine: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw Problem.fromJSON({ ...error.toJSON(), where: { step: "image", ...error.where, machine } });
  }
}

function fraction({ doneBytes, totalBytes }: ImageProgress): number | undefined {
  return doneBytes === undefined || !totalBytes ? undefined : Math.min(doneBytes / totalBytes, 1);
}
