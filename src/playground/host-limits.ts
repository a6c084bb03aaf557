import { availableParallelism, totalmem } from "node:os";
import type { HostFacts } from "../plan/plan.ts";
import { tighterLimits } from "../plan/limits.ts";

/** How large a host is. */
export interface HostSize {
  memoryMiB: number;
  processors: number;
}

export function sizeOfThisHost(): HostSize {
  return { memoryMiB: Math.floor(totalmem() / 1024 ** 2), processors: availableParallelism() };
}

/** Nobody gets more than the host has, whatever the configuration says. */
export function withinHost(limits: HostFacts["limits"], host: HostSize): HostFacts["limits"] {
  const most = {
    // Virtual processors may be more than real ones; a guest that sees hundreds on a small host only gets slower.
    vcpus: Math.max(host.processors * 4, 4),
    memoryMiB: memoryForMachinesMiB(host.memoryMiB),
  };
  return tighterLimits(limits, { machine: most, play: most });
}

const reserveMiBMin = 512;
const reserveShare = 1 / 10;

/** What a host has for machines: all but what its own programs and the monitors themselves need. */
function memoryForMachinesMiB(totalMiB: number): number {
  return Math.max(reserveMiBMin, totalMiB - Math.max(reserveMiBMin, Math.floor(totalMiB * reserveShare)));
}
