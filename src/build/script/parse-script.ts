import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import { checkScript } from "./check-script.ts";
import { formatPath, hasErrors, type KeyPath, type ScriptFinding } from "./finding.ts";
import { PositionIndex } from "./positions.ts";
import { type BuildScript, fromVersion1, schemaVersion1, schemaVersion2 } from "./schema.ts";
import { schemaFindings } from "./schema-findings.ts";

export interface ParsedScript {
  /** undefined when a finding is an error */
  script: BuildScript | undefined;
  findings: ScriptFinding[];
  /** Where things stand, for whoever finds more. */
  positionOf: (path: KeyPath) => { line?: number; column?: number };
}

/** No honest script is longer; every part of it is held in memory several times. */
const maxScriptLength = 16 * 1024 * 1024;

/**
 * Reads a build script and says everything that is wrong with it as a document, at once. What depends on its package
 * or on this host is checked elsewhere.
 */
export function parseScript(text: string): ParsedScript {
  const nowhere = () => ({});
  const failed = (finding: Omit<ScriptFinding, "severity" | "path">): ParsedScript => ({
    script: undefined,
    findings: [{ severity: "error", path: "", ...finding }],
    positionOf: nowhere,
  });
  if (text.length > maxScriptLength) {
    return failed({ code: "build/syntax", message: `the script has more than ${maxScriptLength} characters` });
  }
  let document: Record<string, unknown>;
  try {
    document = parse(text, { integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [summary] = error.message.split("\n");
    const message = `the script is not TOML: ${(summary ?? "").replace(/^Invalid TOML document: /, "")}`;
    return failed({ code: "build/syntax", line: error.line, column: error.column, message });
  }
  const positions = new PositionIndex(text);
  const positionOf = (path: KeyPath) => positions.at(path) ?? {};
  const { version } = document;
  if (version !== undefined && version !== 1n && version !== 2n) {
    return failed({
      code: "build/bad-value",
      ...positionOf(["version"]),
      path: formatPath(["version"]),
      message: "version can be 1 or 2",
    } as ScriptFinding);
  }
  const schema = version === 2n ? schemaVersion2 : schemaVersion1;
  const result = schema.safeParse(document);
  if (!result.success) {
    const later = version === 2n ? undefined : schemaVersion2;
    const findings = schemaFindings(result.error.issues, schema, positions, later, document);
    const wrong = findings.filter(finding => finding.code !== "build/unknown-key").map(finding => finding.path);
    for (const issue of result.error.issues) remove(document, issue);
    const rest = schema.safeParse(document);
    // The rules speak about what could be read; a part that is already named gets no second finding.
    const more = rest.success ? checkScript(scriptOf(rest.data), positionOf) : [];
    const others = more.filter(finding => !wrong.some(path => path.startsWith(aboutOf(finding))));
    return { script: undefined, findings: inOrder([...findings, ...others]), positionOf };
  }
  const script = scriptOf(result.data);
  const findings = inOrder(checkScript(script, positionOf));
  return { script: hasErrors(findings) ? undefined : script, findings, positionOf };
}

function scriptOf(data: z.output<typeof schemaVersion1> | z.output<typeof schemaVersion2>): BuildScript {
  return data.version === 2n ? { ...data, version: 2 } : fromVersion1(data);
}

/** Takes what an issue is about out of the document, so that the rest can be looked at. */
function remove(document: unknown, issue: z.core.$ZodIssue): void {
  const keys = issue.code === "unrecognized_keys" ? issue.keys : [issue.path.at(-1) as string];
  const path = issue.code === "unrecognized_keys" ? issue.path : issue.path.slice(0, -1);
  const holder = path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    document,
  );
  // An element of a list stays: the numbers of its neighbours must not change.
  if (typeof holder !== "object" || holder === null || Array.isArray(holder)) return;
  for (const key of keys) delete (holder as Record<PropertyKey, unknown>)[key];
}

/** Something may only seem to be missing because what stood beside it could not be read. */
function aboutOf({ code, path }: ScriptFinding): string {
  return code === "build/missing-key" && path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : path;
}

function inOrder(findings: ScriptFinding[]): ScriptFinding[] {
  return findings.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
