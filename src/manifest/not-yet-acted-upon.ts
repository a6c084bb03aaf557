import { Findings } from "./findings.ts";
import type { Finding } from "./finding.ts";
import type { Drive, Machine, Manifest, Tab } from "./schema.ts";

interface Gap {
  /** Path below the part it was found in. */
  path: string;
  message: string;
}

type Look<Part> = (part: Part) => Gap | false | undefined;

/** What is accepted and stored but has no effect yet. A capability that arrives deletes its line. */
const ofSpec: readonly Look<Manifest["playground"]>[] = [
  spec => spec.registryAuth !== undefined && gap("registryAuth", "the registry of the play is not available yet"),
  spec => spec.portForwards !== undefined && gap("portForwards", "saved port forwards are not opened yet"),
];
const ofTab: readonly Look<Tab>[] = [
  tab => tab.kind === "ide" && gap("kind", "IDE tabs are not available yet"),
  tab => tab.kind === "kexp" && gap("kind", "the Kubernetes explorer is not available yet"),
  tab => tab.hostRewrite !== undefined && gap("hostRewrite", "hostRewrite is not applied yet"),
  tab => tab.pathRewrite !== undefined && gap("pathRewrite", "pathRewrite is not applied yet"),
];
const ofMachine: readonly Look<Machine>[] = [
  ({ kernel }) =>
    kernel?.source !== undefined &&
    kernel.source !== "6.1" &&
    gap("kernel.source", `kernel ${kernel.source} is not used yet; 6.1 boots`),
  ({ kernel }) => kernel?.snapshot !== undefined && gap("kernel.snapshot", "kernel snapshots are not used yet"),
  ({ backend }) =>
    backend !== undefined && backend !== "qemu" && gap("backend", `${backend} is not used yet; qemu runs the machine`),
];
const ofDrive: readonly Look<Drive>[] = [
  ({ filesystem }) =>
    filesystem !== undefined &&
    filesystem !== "ext4" &&
    gap("filesystem", `${filesystem} is not made yet; the drive gets ext4`),
  ({ persistent }) =>
    persistent !== undefined && gap("persistent", "persistent has no effect: all drives survive stop and restart"),
  ({ source }) => source === "snapshot" && gap("source", "snapshots are not available yet"),
  ({ source, mount }) =>
    source !== undefined &&
    source !== "snapshot" &&
    mount !== "/" &&
    gap("source", "a further drive does not get the content of its source yet"),
];

/** Notices for a start: every field of the manifest that this release accepts but does not act upon. */
export function fieldsNotYetActedUpon(manifest: Manifest): Finding[] {
  const findings = new Findings();
  const look = <Part>(looks: readonly Look<Part>[], part: Part, path: string, label: string) => {
    for (const found of looks.map(each => each(part))) {
      if (!found) continue;
      findings.add("start/field-without-effect", `${path}.${found.path}`, `${label}${found.message}`, {
        severity: "notice",
      });
    }
  };
  const { playground } = manifest;
  look(ofSpec, playground, "playground", "");
  playground.tabs?.forEach((tab, index) => {
    look(ofTab, tab, `playground.tabs[${index}]`, `tab ${index + 1}: `);
  });
  playground.machines.forEach((machine, index) => {
    const path = `playground.machines[${index}]`;
    look(ofMachine, machine, path, `${machine.name}: `);
    machine.drives.forEach((drive, driveIndex) => {
      look(ofDrive, drive, `${path}.drives[${driveIndex}]`, `drive ${driveIndex + 1} of ${machine.name}: `);
    });
  });
  return findings.list();
}

function gap(path: string, message: string): Gap {
  return { path, message };
}
