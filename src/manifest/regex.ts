import { RE2JS } from "re2js";
import { limits } from "./limits.ts";

/** A pattern of a manifest, or why it cannot be used. It matches anywhere in the text, as in JavaScript. */
export function compilePattern(pattern: string): { matches(text: string): boolean } | { fault: string } {
  if (pattern.length > limits.validationRegexLengthMax) {
    return { fault: `has ${pattern.length} characters, the limit is ${limits.validationRegexLengthMax}` };
  }
  const unsupported = nameUnsupported(pattern);
  try {
    const compiled = RE2JS.compile(pattern);
    return { matches: text => compiled.matcher(text).find() };
  } catch (error) {
    if (unsupported !== undefined) return { fault: `uses ${unsupported}, which is not supported` };
    return { fault: `is not a valid expression: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function nameUnsupported(pattern: string): string | undefined {
  if (/\(\?<[=!]/.test(pattern)) return "a look-behind";
  if (/\(\?[=!]/.test(pattern)) return "a look-ahead";
  if (/\\[1-9]|\\k</.test(pattern)) return "a back-reference";
  return undefined;
}
