import type { Drive, Machine, PlaygroundSpec } from "../manifest/schema.ts";
import type { PlanNotice } from "./plan.ts";

interface Gap {
  /** Path below the part it was found in. */
  path: string;
  message: string;
}

type Look<Part> = (part: Part) => Gap | false | undefined;

const ofMachine: readonly Look<Machine>[] = [
  ({ kernel }) => kernel?.snapshot !== undefined && gap("kernel.snapshot", "its saved kernel is not used yet"),
];
const ofDrive: readonly Look<Drive>[] = [
  ({ persistent }) =>
    persistent !== undefined && gap("persistent", "persistent has no effect: all drives survive stop and restart"),
  ({ source }) => source === "snapshot" && gap("source", "snapshots are not available yet"),
];

/** What a manifest may say and nothing acts upon yet. A field leaves this list in the commit that makes it work. */
export function idleFields(spec: PlaygroundSpec): PlanNotice[] {
  return spec.machines.flatMap((machine, index) => {
    const path = `playground.machines[${index}]`;
    const drives = machine.drives.flatMap((drive, driveIndex) =>
      look(ofDrive, drive, `${path}.drives[${driveIndex}]`, `drive ${driveIndex + 1} of ${machine.name}: `),
    );
    return [...look(ofMachine, machine, path, `${machine.name}: `), ...drives].map(notice => ({
      ...notice,
      machine: machine.name,
    }));
  });
}

function look<Part>(looks: readonly Look<Part>[], part: Part, place: string, label: string): PlanNotice[] {
  return looks.flatMap(each => {
    const found = each(part);
    if (!found) return [];
    const { path, message } = found;
    return [{ code: "start/field-without-effect", path: `${place}.${path}`, message: `${label}${message}` }];
  });
}

function gap(path: string, message: string): Gap {
  return { path, message };
}
