import { type Document, LineCounter, parseDocument, type YAMLError } from "yaml";
import type { Findings } from "../findings.ts";
import { limits } from "../limits.ts";
import { type Position, type SourceNode, shorten } from "./source-tree.ts";
import { decodeSource, excess } from "./yaml-source.ts";
import { YamlRefusal, YamlTreeBuilder } from "./yaml-tree.ts";

/** Syntax errors reported for one document: what follows the first few is usually caused by them. */
const syntaxErrorsMax = 10;

/** A YAML text as a source tree; undefined, with findings, when it is not one well-formed, bounded document. */
export function yamlToTree(source: string | Uint8Array, findings: Findings): SourceNode | undefined {
  const refuse = (message: string, position?: Position, hint?: string) => {
    findings.add("manifest/yaml-syntax", "", prefixed(message, position), { position, hint });
    return undefined;
  };
  const decoded = decodeSource(source);
  if ("refusal" in decoded) return refuse(decoded.refusal, decoded.position, decoded.hint);
  const { text } = decoded;
  const tooMuch = excess(text);
  if (tooMuch !== undefined) return refuse(tooMuch.refusal, tooMuch.position);

  const lineCounter = new LineCounter();
  // The parser's own check for duplicate keys compares every pair of keys; the tree builder's takes a set.
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    merge: true,
    uniqueKeys: false,
    logLevel: "error",
  });
  const positionAt = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(Math.min(offset, text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (reportSyntaxErrors(document, text, positionAt, refuse)) return undefined;
  if (document.contents === null) return refuse("the document is empty", { line: 1, column: 1 });

  try {
    const builder = new YamlTreeBuilder(positionAt);
    const tree = builder.build(document.contents);
    for (const { key, position } of builder.duplicateKeys) {
      refuse(`the key "${shorten(key)}" appears twice in the same object`, position, "Remove one of the two.");
    }
    return tree;
  } catch (error) {
    if (error instanceof YamlRefusal) return refuse(error.message, error.position);
    throw error;
  }
}

/** True when there were any: then nothing the parser made of the text can be trusted. */
function reportSyntaxErrors(
  document: Document.Parsed,
  text: string,
  positionAt: (offset: number) => Position,
  refuse: (message: string, position?: Position, hint?: string) => void,
): boolean {
  const lines = new Set<number>();
  const unresolvedTags = document.warnings.filter(warning => warning.code === "TAG_RESOLVE_FAILED");
  for (const error of [...document.errors, ...unresolvedTags]) {
    const position = positionAt(error.pos[0]);
    if (lines.has(position.line)) continue;
    lines.add(position.line);
    if (lines.size > syntaxErrorsMax) break;
    const { message, hint } = inOurWords(error, text);
    refuse(message, position, hint);
  }
  return lines.size > 0;
}

function inOurWords(error: YAMLError, text: string): { message: string; hint?: string } {
  const offset = error.pos[0];
  const rest = text.slice(offset, offset + 80);
  switch (error.code) {
    case "UNEXPECTED_TOKEN":
    case "BLOCK_IN_FLOW":
      if (rest.startsWith("-")) {
        return { message: `a value cannot start with "-"; quote it: '-'` };
      }
      break;
    case "BAD_SCALAR_START":
      return { message: `a value cannot start with "${rest.slice(0, 1)}"; quote the value` };
    case "BAD_DIRECTIVE":
      return { message: `a line that starts with "%" is a directive; quote the value` };
    case "TAB_AS_INDENT":
      return { message: "tabs cannot be used for indentation; use spaces" };
    case "RESOURCE_EXHAUSTION":
      return { message: `the document is nested deeper than ${limits.nestingMax} levels` };
    case "MULTIPLE_DOCS":
      return { message: "a manifest is a single document, found a second one", hint: 'Remove what follows "---".' };
    case "TAG_RESOLVE_FAILED":
      return { message: `the tag ${/^\S+/.exec(rest)?.[0] ?? ""} is not accepted; write the value without it` };
    default:
  }
  const first = error.message.split("\n", 1)[0] ?? error.message;
  return { message: first.slice(0, 1).toLowerCase() + first.slice(1) };
}

function prefixed(message: string, position: Position | undefined): string {
  return position === undefined ? message : `line ${position.line}, column ${position.column}: ${message}`;
}
