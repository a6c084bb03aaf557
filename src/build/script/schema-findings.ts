import { z } from "zod";
import { didYouMean, nearest } from "../../lib/nearest.ts";
import { formatPath, type KeyPath, type ScriptFinding } from "./finding.ts";
import type { PositionIndex } from "./positions.ts";

/** Says everything that keeps a document from matching the schema, where it stands. */
export function schemaFindings(
  issues: readonly z.core.$ZodIssue[],
  schema: z.ZodType,
  positions: PositionIndex,
  /** Keys of a later version, to tell "unknown" from "not in this version". */
  laterSchema: z.ZodType | undefined,
  document: unknown,
): ScriptFinding[] {
  const seen = new Set<string>();
  return issues.flatMap(issue => {
    const path = issue.path as KeyPath;
    if (issue.code !== "unrecognized_keys") {
      // A value of the wrong type may fail several checks; the first says it.
      const key = JSON.stringify(path);
      if (seen.has(key)) return [];
      seen.add(key);
      return [describe(issue, path, positions, document)];
    }
    const known = keysAt(schema, path);
    const later = laterSchema === undefined ? [] : keysAt(laterSchema, path);
    return issue.keys.map((key): ScriptFinding => {
      const isLater = later.includes(key);
      return {
        code: "build/unknown-key",
        severity: "error",
        path: formatPath([...path, key]),
        ...positions.at([...path, key]),
        message: isLater
          ? `"${formatPath([...path, key])}" is only known to version 2 of build scripts`
          : `"${formatPath([...path, key])}" is not a key of build scripts.${didYouMean(nearest(key, known))}`,
        hint: isLater ? "Write version = 2 at the top of the script." : `Known here: ${known.join(", ")}.`,
      };
    });
  });
}

function describe(issue: z.core.$ZodIssue, path: KeyPath, positions: PositionIndex, document: unknown): ScriptFinding {
  const value = valueAt(document, path);
  const place = { severity: "error", path: formatPath(path), ...positions.at(path) } as const;
  const name = `"${formatPath(path)}"`;
  if (value === undefined) return { ...place, code: "build/missing-key", message: `${name} is missing` };
  const bad = (message: string): ScriptFinding => ({ ...place, code: "build/bad-value", message });
  switch (issue.code) {
    case "invalid_type":
      return wrongType(place, name, typeNames[issue.expected] ?? issue.expected, value);
    case "invalid_union":
      return wrongType(place, name, "true, false or a text", value);
    case "invalid_value": {
      const choices = issue.values.map(String);
      if (typeof value !== "string" && typeof issue.values[0] === "string")
        return wrongType(place, name, "a text", value);
      const suggestion = typeof value === "string" ? nearest(value, choices) : undefined;
      return bad(`${name} is ${shown(value)}; it can be ${choices.join(", ")}.${didYouMean(suggestion)}`);
    }
    case "too_small":
      return bad(typeof value === "bigint" ? `${name} is ${value}; it cannot be negative` : `${name} is empty`);
    case "too_big":
      return bad(`${name} is ${shown(value)}; at most ${issue.maximum} is possible`);
    default:
      return bad(`${name} is ${shown(value)}: ${issue.message}`);
  }
}

const typeNames: Record<string, string> = {
  string: "a text",
  bigint: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a table",
  record: "a table",
};

function wrongType(
  place: Pick<ScriptFinding, "severity" | "path">,
  name: string,
  expected: string,
  value: unknown,
): ScriptFinding {
  return {
    ...place,
    code: "build/wrong-type",
    message: `${name} must be ${expected}, but it is ${typeOf(value)}`,
  };
}

function typeOf(value: unknown): string {
  if (typeof value === "bigint") return `the number ${value}`;
  if (typeof value === "number") return `the fraction ${value}`;
  if (typeof value === "string") return `the text ${shown(value)}`;
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  return value instanceof Date ? "a date" : "a table";
}

function shown(value: unknown): string {
  if (typeof value !== "string") return typeof value === "bigint" ? String(value) : typeOf(value);
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}

function valueAt(document: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], document);
}

/** The keys that a schema allows at a path; empty where it is not a table of known keys. */
function keysAt(schema: z.ZodType, path: KeyPath): string[] {
  let current: z.ZodType | undefined = schema;
  for (const key of path) {
    current = inner(current);
    if (current instanceof z.ZodObject) current = current.shape[key] as z.ZodType | undefined;
    else if (current instanceof z.ZodArray) current = current.element as z.ZodType;
    else return [];
  }
  current = inner(current);
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

function inner(schema: z.ZodType | undefined): z.ZodType | undefined {
  let current = schema;
  while (current instanceof z.ZodOptional || current instanceof z.ZodDefault) current = current.unwrap() as z.ZodType;
  return current;
}
