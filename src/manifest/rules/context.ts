import type { Offers } from "../default-tabs.ts";
import type { FindingCode } from "../finding.ts";
import { childPath, type FindingExtras, type Findings } from "../findings.ts";
import { nearest } from "../../lib/nearest.ts";
import type { MachineInput, Manifest, ManifestInput, SpecInput } from "../schema.ts";

/** What a manifest is checked for, and what the installation knows. What is not given is not checked. */
export interface CheckOptions {
  for: "create" | "update" | "start";
  /** The name given beside the document: argument of the command, field of the request. */
  name?: string;
  /** create: the base playground. start: the playground being started. update: the base of `current`. */
  base?: Manifest;
  /** What the images of the base bring: decides the default tabs. Default: nothing. */
  offers?: Offers;
  /** update: the playground as it is stored; its name, base and cover stay. */
  current?: Manifest;
  knownBases?: readonly string[];
  knownImages?: readonly string[];
  knownCategories?: readonly string[];
  /** Kernel versions that can be booted here. */
  knownKernels?: readonly string[];
  /** Backends that work here. */
  knownBackends?: readonly string[];
  /** Snapshots the requester may use. */
  knownSnapshots?: readonly string[];
  /** Groups of this installation that `student:` may name; absent: not known here. */
  knownGroups?: readonly string[];
}

/** The merged manifest under examination. Rules look at it and report; they change nothing. */
export class RuleContext {
  readonly options: CheckOptions;
  readonly manifest: ManifestInput;
  readonly spec: SpecInput;
  readonly machines: readonly MachineInput[];
  /** undefined when a name could not be read: then nothing is said about references to machines. */
  readonly machineNames: readonly string[] | undefined;
  /** Of each machine, how many of its startup files come from the base and so stand before the document's own. */
  readonly inheritedFiles: readonly number[];
  readonly #findings: Findings;

  constructor(manifest: ManifestInput, options: CheckOptions, findings: Findings, inheritedFiles: readonly number[]) {
    this.options = options;
    this.manifest = manifest;
    this.spec = manifest.playground ?? {};
    this.machines = this.spec.machines ?? [];
    this.inheritedFiles = inheritedFiles;
    this.#findings = findings;
    const names = this.machines.map(machine => machine.name);
    this.machineNames = this.spec.machines !== undefined && names.every(isText) ? names : undefined;
  }

  error(code: FindingCode, path: string, message: string, extras: FindingExtras = {}): void {
    this.#findings.add(code, path, message, extras);
  }

  warn(code: FindingCode, path: string, message: string, extras: FindingExtras = {}): void {
    this.#findings.warn(code, path, message, extras);
  }

  /** True when nothing was written at this path; false when something was that could not be read. */
  isMissing(path: string, value: unknown): boolean {
    return (value === undefined || value === "") && !this.#findings.isUnreadable(path);
  }

  /** Says that a reference to a machine leads nowhere; does nothing when it leads somewhere or that cannot be known. */
  checkMachine(code: FindingCode, path: string, machine: string | undefined, subject: string): void {
    if (machine === undefined || this.machineNames === undefined || this.machineNames.includes(machine)) return;
    const suggestion = nearest(machine, this.machineNames);
    const meant =
      suggestion === undefined ? ` (there are: ${this.machineNames.join(", ")})` : `. Did you mean "${suggestion}"?`;
    this.error(code, path, `${subject} machine "${machine}", which does not exist${meant}`, {
      value: machine,
      suggestion,
    });
  }
}

/** Runs a rule for each item of a list with its path; an absent list has none. */
export function forEachAt<Item>(
  items: readonly Item[] | undefined,
  path: string,
  rule: (item: Item, path: string, index: number) => void,
): void {
  items?.forEach((item, index) => {
    rule(item, childPath(path, index), index);
  });
}

export function isText(value: string | undefined): value is string {
  return value !== undefined;
}

/** The names that occur again, each with the positions after the first. */
export function repeated(names: readonly (string | undefined)[]): { name: string; index: number }[] {
  const seen = new Set<string>();
  return names.flatMap((name, index) => {
    if (name === undefined || name === "") return [];
    if (seen.has(name)) return [{ name, index }];
    seen.add(name);
    return [];
  });
}

/** How a machine is called in messages. */
export function nameOf(machine: MachineInput, index: number): string {
  return machine.name === undefined ? `machine ${index + 1}` : `"${machine.name}"`;
}
