import { constants } from "node:fs";
import { access, mkdir, readFile } from "node:fs/promises";
import { release } from "node:os";
import { Problem } from "../api/problems.ts";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { type Paths, probesFile } from "../store/paths.ts";
import { ensureKernel, type Kernel } from "./kernels/catalogue.ts";
import { type AccelerationFinding, executeKernel } from "./execute-kernel.ts";
import { qemuFacts } from "./qemu/facts.ts";

export type { AccelerationFinding };

export interface AccelerationReport {
  /** What machines use here; undefined when no kernel runs at all. */
  acceleration: "kvm" | "tcg" | undefined;
  kvm: AccelerationFinding;
  /** undefined: KVM works, so nobody asked. */
  tcg: AccelerationFinding | undefined;
  /** RFC 3339 */
  checkedAt: string;
}

export interface ProbeOptions {
  paths: Paths;
  signal: AbortSignal;
  /** Measure again although a result for this very host, QEMU and kernel is known. */
  fresh?: boolean;
}

const device = "/dev/kvm";
const probeKernel = "6.1";
/** A kernel that KVM really runs is there within a second; emulated, on a busy host, it may take long. */
const deadlineMs = { kvm: 10_000, tcg: 60_000 } as const;

/**
 * Finds out what runs machines on this host by running one: a real kernel, up to its first user program, against a deadline.
 *
 * The device node, its permissions and its ioctls prove nothing: hosts exist where all of them succeed and no ordinary
 * kernel gets anywhere. The result is kept with what it depends on; a known one costs a few milliseconds.
 */
export async function probeAcceleration(options: ProbeOptions): Promise<AccelerationReport> {
  const kernel = await ensureKernel(probeKernel, options);
  const access = await deviceAccess();
  const key = await dependencies(kernel, access);
  const known = options.fresh ? undefined : (await readProbes(options.paths)).acceleration;
  if (known?.key === key) return known.report;
  const kvm =
    access === "ok"
      ? await executeKernel("kvm", kernel, { deadlineMs: deadlineMs.kvm, signal: options.signal })
      : inaccessible(access);
  const tcg =
    kvm.verdict === "ok"
      ? undefined
      : await executeKernel("tcg", kernel, { deadlineMs: deadlineMs.tcg, signal: options.signal });
  const report: AccelerationReport = {
    acceleration: kvm.verdict === "ok" ? "kvm" : tcg?.verdict === "ok" ? "tcg" : undefined,
    kvm,
    tcg,
    checkedAt: new Date().toISOString(),
  };
  // A failure under emulation is a host in trouble, not a property of it: do not remember it.
  if (report.acceleration !== undefined) await writeProbe(options.paths, key, report);
  return report;
}

/** The acceleration machines are started with. Rejects with `vm/no-acceleration` where nothing runs a kernel. */
export async function requireAcceleration(options: ProbeOptions): Promise<"kvm" | "tcg"> {
  const { acceleration, kvm, tcg } = await probeAcceleration(options);
  if (acceleration !== undefined) return acceleration;
  throw new Problem("vm/no-acceleration", { details: [`KVM: ${kvm.detail}`, `TCG: ${tcg?.detail}`] });
}

async function deviceAccess(): Promise<"ok" | "no-device" | "no-permission"> {
  try {
    await access(device, constants.R_OK | constants.W_OK);
    return "ok";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "no-device" : "no-permission";
  }
}

function inaccessible(verdict: "no-device" | "no-permission"): AccelerationFinding {
  const detail =
    verdict === "no-device"
      ? `${device} does not exist: no hardware virtualization, or its kernel module is not loaded`
      : `this user may not open ${device}: add them to the group that owns it`;
  return { verdict, detail, elapsedMs: 0 };
}

async function dependencies(kernel: Kernel, access: string): Promise<string> {
  const cpu = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(cpu)?.[1] ?? "unknown";
  const { version, machineType } = await qemuFacts();
  return [release(), field("model name"), field("microcode"), version, machineType, kernel.imageDigest, access].join(
    " | ",
  );
}

interface Probes {
  acceleration?: { key: string; report: AccelerationReport };
}

/** A file that cannot be read is one that has to be measured again. */
async function readProbes(paths: Paths): Promise<Probes> {
  try {
    return JSON.parse(await readFile(probesFile(paths), "utf8")) as Probes;
  } catch {
    return {};
  }
}

async function writeProbe(paths: Paths, key: string, report: AccelerationReport): Promise<void> {
  const probes = { ...(await readProbes(paths)), acceleration: { key, report } };
  await mkdir(paths.home, { recursive: true, mode: 0o700 });
  await writeFileAtomic(probesFile(paths), `${JSON.stringify(probes, undefined, 2)}\n`);
}
