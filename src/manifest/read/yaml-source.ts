import { Lexer } from "yaml";
import { limits } from "../limits.ts";
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
 * Where brackets, or indicators on one line, first nest deeper than allowed. The parser recurses and takes seconds over
 * a megabyte of "[": tokens are counted first. (Nesting by indentation is bounded by the size of the source, and the
 * tree builder counts it.)
 */
export function deepNesting(text: string): Position | undefined {
  let line = 1;
  let column = 1;
  let brackets = 0;
  let indicators = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") brackets += 1;
    else if ((token === "]" || token === "}") && brackets > 0) brackets -= 1;
    else if (token === "-" || token === "?" || token === ":") indicators += 1;
    if (brackets > limits.nestingMax || indicators > limits.nestingMax * 2) return { line, column };
    const lastBreak = token.lastIndexOf("\n");
    if (lastBreak < 0) {
      // The lexer marks documents and scalars with control characters that are not in the text.
      if (!/^[\u{02}\u{18}\u{1f}\u{FEFF}]$/u.test(token)) column += token.length;
      continue;
    }
    line += token.split("\n").length - 1;
    column = token.length - lastBreak;
    if (brackets === 0) indicators = 0;
  }
  return undefined;
}
