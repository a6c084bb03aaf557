import type { Finding } from "./finding.ts";
import { Findings } from "./findings.ts";
import { takesAnyMachines } from "./flexbox.ts";
import { given, mergeMachine, mergeWithBase } from "./merge.ts";
import { settle, settleTabs } from "./settle.ts";
import type { ParsedManifest } from "./parse.ts";
import {
  checkAccessControl,
  checkIsNotPublicByAccident,
  checkPortForwards,
  checkRegistryAuth,
} from "./rules/access.ts";
import { checkCard, checkIdentity } from "./rules/card.ts";
import { type CheckOptions, RuleContext } from "./rules/context.ts";
import { checkDrives } from "./rules/drives.ts";
import { checkInitConditions } from "./rules/init-conditions.ts";
import { checkInitTasks } from "./rules/init-tasks.ts";
import { checkInterfaces } from "./rules/interfaces.ts";
import { checkMachines } from "./rules/machines.ts";
import { checkNetworks } from "./rules/networks.ts";
import { checkStartupFiles } from "./rules/startup-files.ts";
import { checkTabs } from "./rules/tabs.ts";
import { checkUpdateIsComplete } from "./rules/update.ts";
import type { MachineInput, Manifest, ManifestInput } from "./schema.ts";

export type { CheckOptions } from "./rules/context.ts";

export interface CheckedManifest {
  /**
   * The whole manifest, merged with what it derives from: what to store (create, update) or to plan (start).
   * undefined when there is an error, or when parts are missing that a base would supply and none was given.
   */
  manifest: Manifest | undefined;
  /** Everything there is to say, in the order of the source. */
  findings: Finding[];
}

/**
 * Merges a document with what it derives from and examines the result with all rules, for whatever purpose the same
 * ones. Never throws for bad input; all problems come together.
 */
export function checkManifest(parsed: ParsedManifest, options: CheckOptions): CheckedManifest {
  const findings = new Findings(parsed);
  const { input } = parsed;
  if (input === undefined) return { manifest: undefined, findings: findings.list() };

  const merged = settle(merge(input, options), input, options, findings);
  const context = new RuleContext(merged, options, findings, inheritedFileCounts(merged, input));
  if (options.for === "create") checkIdentity(context, input);
  if (options.for === "update") checkUpdateIsComplete(context, input);
  checkCard(context);
  checkMachines(context);
  checkDrives(context);
  checkNetworks(context);
  checkInterfaces(context);
  checkStartupFiles(context);
  checkTabs(context);
  checkInitConditions(context);
  checkInitTasks(context);
  checkAccessControl(context);
  checkIsNotPublicByAccident(context);
  checkRegistryAuth(context);
  checkPortForwards(context);
  const settled = settleTabs(merged, input, options, findings);
  return { manifest: findings.hasErrors || !isWhole(settled) ? undefined : settled, findings: findings.list() };
}

function merge(input: ManifestInput, options: CheckOptions): ManifestInput {
  if (options.for === "create") return mergeForCreate(input, options);
  if (options.for === "update") return mergeForUpdate(input, options);
  if (options.base === undefined) return input;
  const { tabs, networks, machines, initTasks } = input.playground ?? {};
  return mergeWithBase(options.base, { playground: { tabs, networks, machines, initTasks } }, options.offers);
}

function mergeForCreate(input: ManifestInput, { base, name, offers }: CheckOptions): ManifestInput {
  const merged = base === undefined ? input : withOwnCard(mergeWithBase(base, input, offers), input);
  return given({ ...merged, name: name ?? input.name, base: base?.name ?? input.base });
}

function mergeForUpdate(input: ManifestInput, { base, current }: CheckOptions): ManifestInput {
  const machines = input.playground?.machines?.map(machine => withRequiredParts(machine, base));
  return given({
    ...input,
    name: current?.name ?? input.name,
    base: current?.base ?? input.base,
    cover: input.cover ?? current?.cover,
    playground: input.playground === undefined ? undefined : given({ ...input.playground, machines }),
  });
}

/** Card, access and secret are the new playground's own; they are not inherited. */
function withOwnCard(merged: ManifestInput, input: ManifestInput): ManifestInput {
  const { title, description, markdown, cover } = input;
  const { accessControl, registryAuth } = input.playground ?? {};
  const playground = given({ ...merged.playground, accessControl, registryAuth });
  return given({ ...merged, title, description, markdown, cover, playground });
}

/** An update clears what it leaves out, but a machine of a fixed base keeps what it cannot be without. */
function withRequiredParts(machine: MachineInput, base: Manifest | undefined): MachineInput {
  if (base === undefined || takesAnyMachines(base)) return machine;
  const inherited = base.playground.machines.find(other => other.name === machine.name);
  if (inherited === undefined) return machine;
  return mergeMachine({ users: inherited.users, drives: inherited.drives, network: inherited.network }, machine);
}

/** Startup files of the base come before the document's own; rules and paths speak about the latter. */
function inheritedFileCounts(merged: ManifestInput, input: ManifestInput): number[] {
  return (merged.playground?.machines ?? []).map((machine, index) => {
    const own = input.playground?.machines?.[index]?.startupFiles?.length ?? 0;
    return (machine.startupFiles?.length ?? 0) - own;
  });
}

/** With no error, only parts that a base would have supplied can still be missing. */
function isWhole(manifest: ManifestInput): manifest is Manifest {
  const { name, title, playground } = manifest;
  return (
    name !== undefined &&
    title !== undefined &&
    playground?.networks !== undefined &&
    playground.machines !== undefined &&
    playground.accessControl !== undefined
  );
}
