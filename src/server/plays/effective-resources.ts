import type { Manifest } from "../../manifest/schema.ts";
import { formatSize, sizeInMiB } from "../../manifest/size.ts";
import type { HostFacts } from "../../plan/plan.ts";
import { planResources } from "../../plan/resources.ts";

/** What each machine gets within these limits, in the manifest's own words. */
export function effectiveResources(
  manifest: Manifest,
  limits: HostFacts["limits"],
): Array<{ cpuCount: number; ramSize: string }> {
  return planned(manifest, limits).map(({ vcpus, memoryMiB }) => ({
    cpuCount: vcpus,
    ramSize: formatSize(memoryMiB),
  }));
}

/** What all machines of a play get together. */
export function totalResources(manifest: Manifest, limits: HostFacts["limits"]): { vcpus: number; memoryMiB: number } {
  const machines = planned(manifest, limits);
  return {
    vcpus: machines.reduce((sum, machine) => sum + machine.vcpus, 0),
    memoryMiB: machines.reduce((sum, machine) => sum + machine.memoryMiB, 0),
  };
}

/** Planning decides, here as in the runner. */
function planned(manifest: Manifest, limits: HostFacts["limits"]) {
  const requests = manifest.playground.machines.map(({ name, resources }) => ({
    machine: name,
    vcpus: resources?.cpuCount,
    memoryMiB: resources?.ramSize === undefined ? undefined : sizeInMiB(resources.ramSize),
  }));
  return planResources(requests, limits).resources;
}
