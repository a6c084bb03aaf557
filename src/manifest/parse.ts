import { Findings, type ReadingResult } from "./findings.ts";
import { jsonToTree } from "./read/json.ts";
import { rewriteLegacyForms } from "./read/legacy.ts";
import { readValue } from "./read/reader.ts";
import { describeNode, entryOf, isNull, type SourceMap, type SourceNode, without } from "./read/source-tree.ts";
import { yamlToTree } from "./read/yaml.ts";
import { type ManifestInput, manifestSchema, specSchema } from "./schema.ts";

/** A document as far as it could be read. What is in `input` has its canonical form; `findings` says the rest. */
export interface ParsedManifest extends ReadingResult {
  /** undefined when the source is not a document at all; then there is an error. */
  input: ManifestInput | undefined;
}

/** Reads a manifest file. Never throws for bad input; whatever is wrong is among the findings, with line and column. */
export function parseManifestYaml(source: string | Uint8Array): ParsedManifest {
  const findings = new Findings();
  const tree = yamlToTree(source, findings);
  if (tree === undefined) return { input: undefined, ...findings.result() };
  return readDocument(tree, findings, { isKindRequired: true });
}

/** Reads a manifest that came as decoded JSON, in the shape of the file. Never throws for bad input. */
export function parseManifestJson(value: unknown): ParsedManifest {
  const findings = new Findings();
  const tree = jsonToTree(value, findings);
  if (tree === undefined) return { input: undefined, ...findings.result() };
  return readDocument(tree, findings, { isKindRequired: false });
}

/**
 * Reads the body of a create, update or start request, where networks, machines, tabs and the other parts of
 * `playground` stand at the top level. Paths in findings are those of the manifest. Never throws for bad input.
 */
export function parseManifestBody(body: unknown): ParsedManifest {
  const findings = new Findings();
  const tree = jsonToTree(body, findings);
  if (tree === undefined) return { input: undefined, ...findings.result() };
  return readDocument(tree.type === "map" ? nestSpec(tree) : tree, findings, { isKindRequired: false });
}

function readDocument(tree: SourceNode, findings: Findings, options: { isKindRequired: boolean }): ParsedManifest {
  if (tree.type !== "map") {
    findings.add("manifest/type", "", `a manifest must be an object, found ${describeNode(tree)}`);
    return { input: undefined, ...findings.result() };
  }
  findings.setPosition("", tree.position);
  checkKind(tree, findings, options.isKindRequired);
  const spec = entryOf(tree, "playground");
  if (spec === undefined || isNull(spec.value)) {
    findings.add(
      "manifest/spec-missing",
      "playground",
      '"playground" is missing: the object with networks, machines and tabs',
    );
    findings.markUnreadable("playground");
  }
  const root = rewriteLegacyForms(without(tree, "kind"), findings);
  const input = readValue(manifestSchema, root, { path: "", label: "", name: "" }, findings);
  // Reading follows the schema this type is inferred from, field by field.
  return { input: input ?? {}, ...findings.result() };
}

function checkKind(root: SourceMap, findings: Findings, isRequired: boolean): void {
  const kind = entryOf(root, "kind");
  if (kind === undefined || isNull(kind.value)) {
    if (isRequired) findings.add("manifest/kind", "kind", 'kind is missing: a manifest starts with "kind: playground"');
    return;
  }
  const { value } = kind;
  if (value.type === "scalar" && value.text === "playground") return;
  const found = value.type === "scalar" ? `"${value.text}"` : describeNode(value);
  const isContent = value.type === "scalar" && contentKinds.has(value.text);
  findings.add(
    "manifest/kind",
    "kind",
    `kind must be "playground", found ${found}${isContent ? ": this is a content document; only its playground part can be run" : ""}`,
    {
      position: value.position ?? kind.position,
      ...(value.type === "scalar" ? { value: value.text } : {}),
      suggestion: "playground",
    },
  );
}

const contentKinds = new Set([
  "tutorial",
  "challenge",
  "course",
  "lesson",
  "module",
  "training",
  "roadmap",
  "skill-path",
]);

function nestSpec(body: SourceMap): SourceMap {
  const isSpecKey = (key: string) => Object.hasOwn(specSchema.shape, key) || key === "access";
  const spec: SourceMap = { type: "map", entries: body.entries.filter(entry => isSpecKey(entry.key)) };
  const rest = body.entries.filter(entry => !isSpecKey(entry.key) && entry.key !== "playground");
  return { type: "map", entries: [...rest, { key: "playground", value: spec }] };
}
