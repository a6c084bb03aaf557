import { areDefaultTabs, noOffers, type Offers } from "./default-tabs.ts";
import { takesAnyMachines } from "./flexbox.ts";
import type { InitTask, MachineInput, Manifest, ManifestInput } from "./schema.ts";

/**
 * What a manifest or a start request means on top of the playground it derives from: present wins, absent inherits,
 * lists and maps are replaced whole, machines are merged by name (with base flexbox they are replaced). Inherited tabs,
 * tasks and forwards of machines that are no longer there are left out; tabs that were only the defaults are not
 * inherited, so that the merged machines get defaults of their own. Name and base are those of `base` unless given.
 */
export function mergeWithBase(base: Manifest, override: ManifestInput, offers: Offers = noOffers): ManifestInput {
  const spec = override.playground ?? {};
  const machines = mergeMachines(base, spec.machines);
  const names = new Set(machines.map(machine => machine.name));
  const { tabs, initTasks, portForwards } = base.playground;
  const first = base.playground.machines[0]?.name;
  const inheritedTabs =
    tabs === undefined || areDefaultTabs(tabs, base.playground.machines, offers)
      ? undefined
      : notEmpty(tabs.filter(tab => tab.kind === "web-page" || names.has(tab.machine ?? first)));
  return given({
    ...base,
    ...given(override),
    playground: given({
      ...base.playground,
      tabs: inheritedTabs,
      initTasks: initTasks === undefined ? undefined : tasksOn(names, initTasks),
      portForwards: notEmpty(portForwards?.filter(forward => names.has(forward.machine))),
      ...given(spec),
      machines,
    }),
  });
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
  return given({
    ...base,
    ...given(override),
    resources: mergeResources(base.resources, override.resources),
    startupFiles: mergeStartupFiles(base.startupFiles, override.startupFiles),
  });
}

function mergeResources(base: MachineInput["resources"], override: MachineInput["resources"]) {
  return override === undefined ? base : { ...base, ...given(override) };
}

/**
 * The base's files first; one that is written anew replaces the base's file of the same path. An entry given again
 * word for word is the same entry: clients send whole machines back, and an append must not happen twice.
 */
function mergeStartupFiles(base: MachineInput["startupFiles"], override: MachineInput["startupFiles"]) {
  if (base === undefined || override === undefined) return override ?? base;
  const isReplaced = (file: StartupFileInput) =>
    override.some(other => (other.append === true ? areEqual(file, other) : file.path === other.path));
  return [...base.filter(file => !isReplaced(file)), ...override];
}

type StartupFileInput = NonNullable<MachineInput["startupFiles"]>[number];

function areEqual(a: StartupFileInput, b: StartupFileInput): boolean {
  return (["path", "content", "mode", "owner", "append"] as const).every(key => a[key] === b[key]);
}

/** The inherited tasks that still have their machine, none waiting for one that has not. */
function tasksOn(machines: ReadonlySet<string | undefined>, tasks: Record<string, InitTask>) {
  const kept = Object.entries(tasks).filter(([, task]) => task.machine === undefined || machines.has(task.machine));
  if (kept.length === Object.keys(tasks).length) return tasks;
  const names = new Set(kept.map(([name]) => name));
  return Object.fromEntries(
    kept.map(([name, task]) => [
      name,
      given({ ...task, needs: notEmpty(task.needs?.filter(need => names.has(need))) }),
    ]),
  );
}

const notEmpty = <Item>(list: Item[] | undefined): Item[] | undefined => (list?.length === 0 ? undefined : list);

/** The fields that have a value: an explicit undefined must not hide what is inherited. */
export function given<Part extends object>(part: Part): Part {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as Part;
}
