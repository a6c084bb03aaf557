import { z } from "zod";

/**
 * A table of texts whose keys the author chooses. Not z.record: that one leaves out a key called "__proto__" without
 * a word.
 */
export const textMap = z.unknown().transform((table, context): Record<string, string> => {
  if (!isTable(table)) {
    context.issues.push({ code: "invalid_type", expected: "record", input: table });
    return z.NEVER;
  }
  const texts: Array<[string, string]> = [];
  for (const [key, value] of Object.entries(table)) {
    if (typeof value === "string") texts.push([key, value]);
    else context.issues.push({ code: "invalid_type", expected: "string", input: value, path: [key] });
  }
  return Object.fromEntries(texts);
});

function isTable(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
