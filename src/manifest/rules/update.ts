import type { ManifestInput } from "../schema.ts";
import type { RuleContext } from "./context.ts";

/** An update is a full replacement: what is inherited on create must be written. */
export function checkUpdateIsComplete(context: RuleContext, input: ManifestInput): void {
  const spec = input.playground;
  const parts: readonly (readonly [string, unknown])[] = [
    ["playground.networks", spec?.networks],
    ["playground.machines", spec?.machines],
    // A playground that nobody can enter by ssh has no tabs at all.
    ["playground.tabs", spec?.tabs ?? (spec?.machines?.every(machine => machine.noSSH) ? [] : undefined)],
    ["categories", input.categories],
    ["playground.accessControl", spec?.accessControl],
  ];
  const missing = parts.filter(([path, value]) => value === undefined && context.isMissing(path, value));
  if (missing.length === 0) return;
  const names = missing.map(([path]) => `"${path.replace("playground.", "")}"`);
  const list = names.length === 1 ? `${names[0]} is` : `${names.slice(0, -1).join(", ")} and ${names.at(-1)} are`;
  context.error(
    "manifest/update-incomplete",
    "playground",
    `an update replaces everything: ${list} missing. Dump the playground first and edit the dump`,
  );
}
