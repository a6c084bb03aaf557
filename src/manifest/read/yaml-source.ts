import { CST, Lexer } from "yaml";
import { limits } from "../limits.ts";
import { Nesting } from "./nesting.ts";
import type { Position } from "./source-tree.ts";

/** The text of a source, or why it is refused before anything is parsed. */
export function decodeSource(
  source: string | Uint8Array,
): { text: string } | { refusal: string; position?: Position; hint?: string } {
  const bytes = typeof source === "string" ? source.length : source.byteLength;
  if (bytes > limits.sourceBytesMax) {
    const mebibytes = (bytes / 2 ** 20).toFixed(1);
    return { refusal: `the document has ${mebibytes} MiB, the limit is 1 MiB`, hint: "Is this a manifest?" };
  }
  let text: string;
  if (typeof source === "string") {
    text = source.startsWith("\u{FEFF}") ? source.slice(1) : source;
    if (!text.isWellFormed()) return { refusal: "the document has a lone surrogate: it is not valid Unicode" };
    if (new TextEncoder().encode(text).byteLength > limits.sourceBytesMax) {
      return { refusal: "the document has more than 1 MiB" };
    }
  } else {
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(source);
    } catch {
      return { refusal: "the document is not UTF-8 text", hint: "Is this a binary file? Save manifests as UTF-8." };
    }
  }
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    const before = text.slice(0, nul).split("\n");
    return {
      refusal: "the document contains a NUL byte",
      position: { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 },
      hint: "Is this a binary file? Save manifests as UTF-8.",
    };
  }
  return { text };
}

/**
 * Where a text becomes deeper or bigger than accepted. The parser recurses, and takes seconds over a megabyte of "[" or
 * of commas: tokens are counted first. (Nesting by indentation is bounded by the size of the source, and the tree
 * builder counts it.)
 */
export function excess(text: string): { refusal: string; position: Position } | undefined {
  let line = 1;
  let column = 1;
  let values = 0;
  const nesting = new Nesting();
  for (const token of new Lexer().lex(text)) {
    nesting.add(token);
    if (token === CST.FLOW_END) nesting.closeAll();
    if (token === "," || token === "-" || token === ":") values += 1;
    if (nesting.depth > limits.nestingMax) {
      return { refusal: `the document is nested deeper than ${limits.nestingMax} levels`, position: { line, column } };
    }
    if (values > limits.valuesMax) {
      return { refusal: `the document has more than ${limits.valuesMax} values`, position: { line, column } };
    }
    const lastBreak = token.lastIndexOf("\n");
    if (lastBreak < 0) {
      if (!lexerMarks.has(token)) column += token.length;
      continue;
    }
    line += token.split("\n").length - 1;
    column = token.length - lastBreak;
    nesting.endLine();
  }
  return undefined;
}

/** Tokens for the start of a document, of flow text and of a scalar; they are not in the text. */
const lexerMarks = new Set<string>([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR, CST.BOM]);
