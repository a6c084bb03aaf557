import { takesAnyMachines } from "./flexbox.ts";
import type { MachineInput, Manifest, ManifestInput, SpecInput, StartupFile, Tab } from "./schema.ts";

/**
 * What a manifest or a start request means on top of the playground it derives from: present wins, absent inherits,
 * lists and maps are replaced whole, machines are merged by name (with base flexbox they are replaced). The result has
 * the base's name under `base`, or, for a start, keeps who it is.
 */
export function mergeWithBase(base: Manifest, override: ManifestInput): ManifestInput {
  const spec = override.playground ?? {};
  const machines = mergeMachines(base, spec.machines);
  return {
    ...base,
    ...given(override),
    playground: {
      ...base.playground,
      ...given(spec),
      machines,
      ...orAbsent("tabs", spec.tabs ?? tabsOfMachines(base.playground.tabs, machines, base)),
    },
  };
}

function mergeMachines(base: Manifest, machines: MachineInput[] | undefined): MachineInput[] {
  if (machines === undefined) return base.playground.machines;
  if (takesAnyMachines(base)) return machines;
  return machines.map(machine => {
    const inherited = base.playground.machines.find(other => other.name === machine.name);
    return inherited === undefined ? machine : mergeMachine(inherited, machine);
  });
}

/** One machine on top of another one, field by field. */
export function mergeMachine(base: MachineInput, override: MachineInput): MachineInput {
  return {
    ...base,
    ...given(override),
    ...orAbsent("resources", mergeResources(base.resources, override.resources)),
    ...orAbsent("startupFiles", mergeStartupFiles(base.startupFiles, override.startupFiles)),
  };
}

function mergeResources(base: MachineInput["resources"], override: MachineInput["resources"]) {
  return override === undefined ? base : { ...base, ...given(override) };
}

/** The base's files first; one that is written anew replaces the base's file of the same path. */
function mergeStartupFiles(base: MachineInput["startupFiles"], override: MachineInput["startupFiles"]) {
  if (base === undefined || override === undefined) return override ?? base;
  const isReplaced = (file: Partial<StartupFile>) =>
    override.some(other => other.path === file.path && other.append !== true);
  return [...base.filter(file => !isReplaced(file as Partial<StartupFile>)), ...override];
}

/** The base's tabs without those of machines that are no longer there; none when nothing is left. */
function tabsOfMachines(tabs: Tab[] | undefined, machines: MachineInput[], base: Manifest): Tab[] | undefined {
  const names = new Set(machines.map(machine => machine.name));
  const first = base.playground.machines[0]?.name;
  const kept = tabs?.filter(tab => {
    const machine = tab.kind === "web-page" ? undefined : (tab.machine ?? first);
    return machine === undefined || names.has(machine);
  });
  return kept === undefined || kept.length === 0 ? undefined : kept;
}

/** The fields that have a value: an explicit undefined must not hide what is inherited. */
function given<Part extends object>(part: Part): Part {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as Part;
}

function orAbsent<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined
    ? ({ [key]: undefined } as { [K in Key]?: Value })
    : ({ [key]: value } as { [K in Key]?: Value });
}
