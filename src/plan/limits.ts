import type { HostFacts } from "./plan.ts";

type Limits = HostFacts["limits"];

/** What both allow. */
export function tighterLimits(one: Limits, other: Limits): Limits {
  const both = (a: Limits["machine"], b: Limits["machine"]) => ({
    vcpus: Math.min(a.vcpus, b.vcpus),
    memoryMiB: Math.min(a.memoryMiB, b.memoryMiB),
  });
  return { machine: both(one.machine, other.machine), play: both(one.play, other.play) };
}
