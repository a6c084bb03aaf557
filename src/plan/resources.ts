import type { HostFacts, PlanNotice } from "./plan.ts";

export interface Resources {
  vcpus: number;
  memoryMiB: number;
}

export interface ResourceRequest {
  machine: string;
  vcpus?: number | undefined;
  memoryMiB?: number | undefined;
}

const memoryStepMiB = 128;
const memoryFloorMiB = 512;

/**
 * Turns requests into what the machines get. A request above the budget is scaled, never refused: each machine is
 * clamped to the limit of one machine, then all are scaled by the same factor to the limit of the play.
 *
 * Every machine that gets less than it asked for has a `resources/scaled-down` notice with both numbers.
 */
export function planResources(
  requests: readonly ResourceRequest[],
  limits: HostFacts["limits"],
): { resources: Resources[]; notices: PlanNotice[] } {
  const asked = requests.map(request => ({
    ...defaultResources(requests.length, limits),
    ...withoutUndefined(request),
  }));
  const vcpus = scale(
    asked.map(each => Math.min(each.vcpus, limits.machine.vcpus)),
    limits.play.vcpus,
    scaled => Math.max(1, Math.floor(scaled)),
  );
  const memoryMiB = scale(
    asked.map(each => Math.min(each.memoryMiB, limits.machine.memoryMiB)),
    limits.play.memoryMiB,
    (scaled, wanted) => Math.max(Math.min(memoryFloorMiB, wanted), roundDown(scaled, memoryStepMiB)),
  );
  const resources = requests.map((_, index) => ({
    vcpus: vcpus[index] as number,
    memoryMiB: memoryMiB[index] as number,
  }));
  const notices = requests.flatMap((request, index) => scaledDown(request, resources[index] as Resources, limits));
  return { resources, notices };
}

function defaultResources(machines: number, limits: HostFacts["limits"]): Resources {
  return {
    vcpus: Math.max(1, Math.min(2, Math.floor(limits.play.vcpus / machines))),
    memoryMiB: Math.max(memoryFloorMiB, roundDown(Math.min(4096, limits.play.memoryMiB / machines), 256)),
  };
}

function scale(values: readonly number[], limit: number, round: (scaled: number, wanted: number) => number): number[] {
  const sum = values.reduce((total, value) => total + value, 0);
  return sum <= limit ? [...values] : values.map(value => round((value * limit) / sum, value));
}

function scaledDown(request: ResourceRequest, given: Resources, limits: HostFacts["limits"]): PlanNotice[] {
  const less = [
    ...(request.vcpus !== undefined && given.vcpus < request.vcpus
      ? [`${given.vcpus} instead of ${request.vcpus} vCPU`]
      : []),
    ...(request.memoryMiB !== undefined && given.memoryMiB < request.memoryMiB
      ? [`${given.memoryMiB} instead of ${request.memoryMiB} MiB of memory`]
      : []),
  ];
  if (less.length === 0) return [];
  const { machine, play } = limits;
  return [
    {
      code: "resources/scaled-down",
      machine: request.machine,
      message:
        `machine "${request.machine}" gets ${less.join(" and ")}: the limits here are ` +
        `${machine.vcpus} vCPU and ${machine.memoryMiB} MiB per machine, ` +
        `${play.vcpus} vCPU and ${play.memoryMiB} MiB per play`,
    },
  ];
}

function withoutUndefined({ vcpus, memoryMiB }: ResourceRequest): Partial<Resources> {
  return { ...(vcpus === undefined ? {} : { vcpus }), ...(memoryMiB === undefined ? {} : { memoryMiB }) };
}

const roundDown = (value: number, step: number) => Math.floor(value / step) * step;
