import type { PlayState } from "../../api/play-state.ts";
import type { Manifest } from "../../manifest/schema.ts";
import { formatSize, sizeInMiB } from "../../manifest/size.ts";
import type { HostFacts } from "../../plan/plan.ts";
import { planResources, type Resources } from "../../plan/resources.ts";

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

/** What all machines of a play have together: as it is recorded, and before that what they would get today. */
export function resourcesOfPlay(
  manifest: Manifest,
  state: PlayState | undefined,
  limits: HostFacts["limits"],
): Resources {
  const recorded = state?.machines.map(machine => machine.resources) ?? [];
  const isRecorded = recorded.length > 0 && recorded.every(resources => resources !== undefined);
  const machines = isRecorded ? recorded : planned(manifest, limits);
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
