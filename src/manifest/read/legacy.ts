import type { Findings } from "../findings.ts";
import {
  describeNode,
  entryOf,
  isNull,
  type SourceEntry,
  type SourceMap,
  type SourceNode,
  without,
} from "./source-tree.ts";

/**
 * Rewrites the old forms of a document to the current ones, each with a warning. Works on the source, so that
 * everything after it knows one form only and lines stay those of the author.
 */
export function rewriteLegacyForms(root: SourceMap, findings: Findings): SourceMap {
  return replaceEntry(moveAccessControl(root, findings), "playground", spec => {
    if (spec.type !== "map") return spec;
    return replaceEntry(rewriteAccess(spec, findings), "machines", machines => {
      if (machines.type !== "list") return machines;
      const items = machines.items.map((machine, index) =>
        machine.type === "map" ? rewriteKernel(machine, `playground.machines[${index}].kernel`, findings) : machine,
      );
      return { ...machines, items };
    });
  });
}

/** `accessControl` beside `playground` instead of inside it. */
function moveAccessControl(root: SourceMap, findings: Findings): SourceMap {
  const misplaced = entryOf(root, "accessControl");
  const spec = entryOf(root, "playground")?.value;
  if (misplaced === undefined || spec?.type !== "map" || isGiven(entryOf(spec, "accessControl"))) return root;
  findings.warn(
    "manifest/legacy-form",
    "playground.accessControl",
    'accessControl stands at the top level; move it under "playground"',
    { position: misplaced.position },
  );
  const entries = [...without(spec, "accessControl").entries, misplaced];
  return replaceEntry(without(root, "accessControl"), "playground", () => ({ ...spec, entries }));
}

/** `access: {mode: private | public}`, which counts only where accessControl says nothing. */
function rewriteAccess(spec: SourceMap, findings: Findings): SourceMap {
  const access = entryOf(spec, "access");
  if (access === undefined) return spec;
  const rest = without(spec, "access");
  const path = "playground.access";
  findings.setPosition(path, access.position);
  if (isNull(access.value)) return rest;
  const mode = access.value.type === "map" ? entryOf(access.value, "mode")?.value : undefined;
  const principal =
    mode?.type === "scalar" ? ({ private: "owner", public: "anyone" } as const)[mode.text.trim()] : undefined;
  if (isGiven(entryOf(spec, "accessControl"))) {
    findings.warn(
      "manifest/legacy-form",
      path,
      "the old access block is ignored because accessControl is given; remove it",
    );
    return rest;
  }
  if (principal === undefined) {
    const found = describeNode(mode ?? access.value);
    findings.add("manifest/access-control", path, `access.mode must be "private" or "public", found ${found}`, {
      hint: "Use accessControl with the lists canList, canRead and canStart.",
    });
    findings.markUnreadable("playground.accessControl");
    return rest;
  }
  const users = access.value.type === "map" ? entryOf(access.value, "users") : undefined;
  findings.warn(
    "manifest/legacy-form",
    path,
    `the access block is the old form; it was read as accessControl with canList, canRead and canStart: [${principal}]${
      isGiven(users) ? ", and access.users was ignored" : ""
    }`,
  );
  const lists = ["canList", "canRead", "canStart"].map(key => entry(key, { type: "list", items: [word(principal)] }));
  const accessControl = entry("accessControl", { type: "map", entries: lists }, access.position);
  return { ...rest, entries: [...without(rest, "accessControl").entries, accessControl] };
}

/** `kernel: "6.1"` */
function rewriteKernel(machine: SourceMap, path: string, findings: Findings): SourceMap {
  const kernel = entryOf(machine, "kernel");
  if (kernel?.value.type !== "scalar") return machine;
  const version = kernel.value;
  if (isNull(version) || version.text.trim() === "") return without(machine, "kernel");
  const extra = isGiven(entryOf(machine, "backend"))
    ? ". The official client loses this machine's backend when it meets the old form"
    : "";
  findings.warn(
    "manifest/legacy-form",
    path,
    `kernel as a plain value is the old form; use kernel: {source: "${version.text}"}${extra}`,
    { position: version.position ?? kernel.position, suggestion: `{source: "${version.text}"}` },
  );
  return replaceEntry(machine, "kernel", () => ({
    type: "map",
    entries: [entry("source", version, version.position)],
    position: version.position,
  }));
}

function replaceEntry(map: SourceMap, key: string, change: (value: SourceNode) => SourceNode): SourceMap {
  return { ...map, entries: map.entries.map(e => (e.key === key ? { ...e, value: change(e.value) } : e)) };
}

function entry(key: string, value: SourceNode, position?: SourceEntry["position"]): SourceEntry {
  return { key, value, position };
}

function word(text: string): SourceNode {
  return { type: "scalar", value: text, text, isText: true };
}

function isGiven(candidate: SourceEntry | undefined): boolean {
  if (candidate === undefined || isNull(candidate.value)) return false;
  const { value } = candidate;
  if (value.type === "map") return value.entries.some(isGiven);
  return value.type === "list" ? value.items.length > 0 : true;
}
