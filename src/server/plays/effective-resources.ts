import type { Manifest } from "../../manifest/schema.ts";
import { formatSize, sizeInMiB } from "../../manifest/size.ts";
import type { HostFacts } from "../../plan/plan.ts";
import { planResources } from "../../plan/resources.ts";

/** What each machine gets within these limits, in the manifest's own words; planning decides, here as in the runner. */
export function effectiveResources(
  manifest: Manifest,
  limits: HostFacts["limits"],
): Array<{ cpuCount: number; ramSize: string }> {
  const requests = manifest.playground.machines.map(({ name, resources }) => ({
    machine: name,
    vcpus: resources?.cpuCount,
    memoryMiB: resources?.ramSize === undefined ? undefined : sizeInMiB(resources.ramSize),
  }));
  return planResources(requests, limits).resources.map(({ vcpus, memoryMiB }) => ({
    cpuCount: vcpus,
    ramSize: formatSize(memoryMiB),
  }));
}
