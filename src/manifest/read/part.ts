import { z } from "zod";
import { fieldReadings, type PartReading, partReadings } from "../field.ts";
import { childPath, type Findings } from "../findings.ts";
import { didYouMean, nearest } from "../../lib/nearest.ts";
import { type Place, subject, wrongShape } from "./place.ts";
import {
  describeNode,
  isNull,
  type SourceEntry,
  type SourceNode,
  setOwn,
  shorten,
  toPlainValue,
} from "./source-tree.ts";

/** How a field is read: the reader of all kinds of values, which itself reads objects with this file. */
export type ReadField = (schema: z.core.$ZodType, node: SourceNode, place: Place, findings: Findings) => unknown;

/** Reads an object of the manifest field by field; an object without any field counts as absent. */
export function readPart(
  schema: z.ZodObject,
  node: SourceNode,
  place: Place,
  findings: Findings,
  readField: ReadField,
): unknown {
  const reading: PartReading = partReadings.get(schema) ?? { noun: "object" };
  if (node.type !== "map") {
    if (reading.code === undefined) {
      wrongShape(node, place, "an object", findings);
    } else {
      const example = reading.example === undefined ? "" : `: ${reading.example}`;
      findings.add(
        reading.code,
        place.path,
        `${subject(place)} must be an object${example}; found ${describeNode(node)}`,
      );
      findings.markUnreadable(place.path);
    }
    return undefined;
  }
  const label = place.name === "" || reading.noun === "playground" ? place.label : subject(place);
  const result: Record<string, unknown> = {};
  const given = readFields(schema, node.entries, reading, { ...place, label }, findings, readField);
  // Fields in the order of the schema, whatever the order of the source, so that equal manifests are equal texts.
  for (const key of Object.keys(schema.shape)) {
    const value = given.get(key) ?? fillOf(schema, key);
    if (value !== undefined) setOwn(result, key, value);
  }
  for (const [key, value] of given) if (!Object.hasOwn(schema.shape, key)) setOwn(result, key, value);
  return Object.keys(result).length === 0 ? undefined : result;
}

function readFields(
  schema: z.ZodObject,
  entries: readonly SourceEntry[],
  reading: PartReading,
  place: Place,
  findings: Findings,
  readField: ReadField,
): Map<string, unknown> {
  const given = new Map<string, unknown>();
  const written = new Set<string>();
  for (const { key: writtenKey, value: node, position } of entries) {
    const key = aliasOf(reading, writtenKey) ?? writtenKey;
    const path = childPath(place.path, key);
    const field = Object.hasOwn(schema.shape, key) ? schema.shape[key] : undefined;
    if (field === undefined) {
      const unknown = readUnknown(
        schema,
        reading,
        writtenKey,
        node,
        { ...place, path, name: writtenKey },
        findings,
        position,
      );
      if (unknown !== undefined) given.set(writtenKey, unknown.value);
      continue;
    }
    findings.setPosition(path, node.type === "scalar" && !isNull(node) ? (node.position ?? position) : position);
    const value = readField(field, node, { ...place, path, name: key }, findings);
    if (written.has(key)) {
      // Replies spell a field in every way that clients read; who sends one back has said the same thing twice.
      if (JSON.stringify(value) === JSON.stringify(given.get(key))) continue;
      findings.add(
        "manifest/yaml-syntax",
        path,
        `"${writtenKey}" of ${place.label || "the manifest"} is given twice, as "${key}" with another value`,
      );
      continue;
    }
    written.add(key);
    if (value !== undefined) given.set(key, value);
  }
  return given;
}

function aliasOf(reading: PartReading, key: string): string | undefined {
  return reading.aliases !== undefined && Object.hasOwn(reading.aliases, key) ? reading.aliases[key] : undefined;
}

/** Says what a key the schema does not know may have meant, and keeps its value unless it is a leftover of a dump. */
function readUnknown(
  schema: z.ZodObject,
  reading: PartReading,
  key: string,
  node: SourceNode,
  place: Place,
  findings: Findings,
  position: SourceEntry["position"],
): { value: unknown } | undefined {
  if (reading.ignored?.includes(key)) return undefined;
  findings.setPosition(place.path, position);
  const where = place.label === "" || place.label === "playground" ? "" : ` in ${place.label}`;
  if (reading.contentOnly?.includes(key)) {
    findings.warn(
      "manifest/content-only-field",
      place.path,
      `"${key}"${where} belongs to content documents; it was kept but has no effect in a playground`,
      { hint: contentHints[key] },
    );
  } else {
    const misspelling =
      reading.misspellings !== undefined && Object.hasOwn(reading.misspellings, key)
        ? reading.misspellings[key]
        : undefined;
    const suggestion = misspelling ?? nearest(key, Object.keys(schema.shape));
    findings.warn(
      "manifest/unknown-field",
      place.path,
      `unknown field "${shorten(key)}"${where} was kept but has no effect.${didYouMean(suggestion)}`,
      { value: key, suggestion },
    );
  }
  return { value: toPlainValue(node) };
}

const contentHints: Readonly<Record<string, string>> = {
  startupFiles: "Move the entries to the startupFiles of the machines they are meant for.",
  tagz: "Use categories.",
  tasks: "Tasks that prepare the machines go to playground.initTasks.",
};

function fillOf(schema: z.ZodObject, key: string): string | undefined {
  const field = schema.shape[key];
  return field instanceof z.ZodType ? fieldReadings.get(field)?.fill : undefined;
}
