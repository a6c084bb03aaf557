import { availableParallelism, networkInterfaces, totalmem } from "node:os";
import type { HostFacts } from "../plan/plan.ts";
import type { Paths } from "../store/paths.ts";
import { knownKernels } from "../vm/kernels/catalogue.ts";
import { requireAcceleration } from "../vm/probe.ts";

/** What planning has to know of this host. The acceleration probe boots a kernel the first time and is remembered. */
export async function hostFacts(
  paths: Paths,
  {
    limits,
    registry,
    imageAliases = {},
  }: Pick<HostFacts, "limits" | "registry"> & Partial<Pick<HostFacts, "imageAliases">>,
  signal: AbortSignal,
): Promise<HostFacts> {
  return {
    limits: withinHost(limits),
    registry,
    imageAliases,
    kernels: await knownKernels(paths),
    backends: ["qemu"],
    acceleration: await requireAcceleration({ paths, signal }),
    addresses: hostAddresses(),
  };
}

/** Nobody gets more than the host has, whatever the configuration says. */
function withinHost({ machine, play }: HostFacts["limits"]): HostFacts["limits"] {
  const memoryMiB = memoryForMachinesMiB();
  // Virtual processors may be more than real ones; a guest that sees hundreds on a small host only gets slower.
  const vcpus = Math.max(availableParallelism() * 4, 4);
  const cap = (limit: { vcpus: number; memoryMiB: number }) => ({
    vcpus: Math.min(limit.vcpus, vcpus),
    memoryMiB: Math.min(limit.memoryMiB, memoryMiB),
  });
  return { machine: cap(machine), play: cap(play) };
}

const reserveMiBMin = 512;
const reserveShare = 1 / 10;

/** What this host has for machines: all but what its own programs and the monitors themselves need. */
export function memoryForMachinesMiB(totalMiB = Math.floor(totalmem() / 1024 ** 2)): number {
  return Math.max(reserveMiBMin, totalMiB - Math.max(reserveMiBMin, Math.floor(totalMiB * reserveShare)));
}

function hostAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap(addresses =>
    (addresses ?? []).filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address),
  );
}
