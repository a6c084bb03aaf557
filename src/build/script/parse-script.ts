import { parse, TomlError } from "smol-toml";
import { checkScript } from "./check-script.ts";
import { formatPath, hasErrors, inOrder, type KeyPath, type ScriptFinding } from "./finding.ts";
import { PositionIndex } from "./positions.ts";
import { type ReadScript, readScript } from "./read-script.ts";
import { type BuildScript, schemaVersion1, schemaVersion2 } from "./schema.ts";
import { schemaFindings } from "./schema-findings.ts";

export interface ParsedScript {
  /** undefined when a finding is an error */
  script: BuildScript | undefined;
  /** The script also when there are errors, for whoever looks for more; undefined when it could not be read at all. */
  read: ReadScript | undefined;
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
    read: undefined,
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
  const issues = schema.safeParse(document).error?.issues ?? [];
  const later = version === 2n ? undefined : schemaVersion2;
  const ofSchema = schemaFindings(issues, schema, positions, later, document);
  const read = readScript(document, issues, schema);
  const findings = inOrder([...ofSchema, ...checkScript(read, positionOf)]);
  return { script: hasErrors(findings) ? undefined : read.script, read, findings, positionOf };
}
