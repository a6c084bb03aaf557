import { z } from "zod";
import { type FieldReading, fieldReadings, partReadings } from "../field.ts";
import { childPath, type Findings } from "../findings.ts";
import { didYouMean, nearest } from "../../lib/nearest.ts";
import { readPart } from "./part.ts";
import { type Place, subject, wrongShape } from "./place.ts";
import { readBoolean, readInteger, readMode, readSeconds, readSize, type ScalarReading } from "./scalars.ts";
import { describeNode, isNull, type SourceNode, type SourceScalar, setOwn, shorten } from "./source-tree.ts";

/**
 * Reads a node as the schema's type says, leniently, into its canonical form. undefined means absent, or that a finding
 * says why not. Fields the schema does not know are kept as plain values.
 */
export function readValue(schema: z.core.$ZodType, node: SourceNode, place: Place, findings: Findings): unknown {
  if (isNull(node)) return undefined;
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (inner instanceof z.ZodObject) return readPart(inner, node, place, findings, readValue);
  if (inner instanceof z.ZodRecord) return readRecord(inner, node, place, findings);
  if (inner instanceof z.ZodArray) return readList(inner, node, place, findings);
  if (node.type !== "scalar") {
    wrongShape(node, place, "a single value", findings);
    return undefined;
  }
  return readScalar(inner, schema instanceof z.ZodOptional, node, place, findings);
}

function isEmpty(path: string, label: string, findings: Findings): void {
  findings.add("manifest/type", path, `${label} is empty`);
  findings.markUnreadable(path);
}

function readRecord(schema: z.ZodRecord, node: SourceNode, place: Place, findings: Findings): unknown {
  if (node.type !== "map") {
    wrongShape(node, place, "an object", findings);
    return undefined;
  }
  const record: Record<string, unknown> = {};
  for (const { key, value, position } of node.entries) {
    const path = childPath(place.path, key);
    findings.setPosition(path, position);
    const label = `task "${shorten(key)}"`;
    const read = isNull(value) ? undefined : readValue(schema.valueType, value, { path, label, name: "" }, findings);
    if (read !== undefined) setOwn(record, key, read);
    else if (!findings.isUnreadable(path)) isEmpty(path, label, findings);
  }
  return node.entries.length === 0 ? undefined : record;
}

function readList(schema: z.ZodArray, node: SourceNode, place: Place, findings: Findings): unknown {
  const element = schema.element;
  const takesText = element instanceof z.ZodString;
  if (node.type === "scalar" && takesText) {
    findings.warn(
      "manifest/legacy-form",
      place.path,
      `${subject(place)} is a single value; write a list: [${node.text}]`,
    );
  } else if (node.type !== "list") {
    wrongShape(node, place, "a list", findings);
    return undefined;
  }
  if (node.type === "list" && node.items.length === 0 && fieldReadings.get(schema)?.emptyIsAbsent) return undefined;
  const noun = element instanceof z.ZodObject ? partReadings.get(element)?.noun : undefined;
  return (node.type === "list" ? node.items : [node]).flatMap((item, index) => {
    const path = childPath(place.path, index);
    findings.setPosition(path, item.position);
    const itemPlace: Place = {
      path,
      label: noun === undefined ? place.label : itemLabel(noun, item, index, place),
      name: noun === undefined ? `${place.name}[${index}]` : "",
      machine: noun === "machine" ? nameIn(item) : place.machine,
    };
    const read = readValue(element, item, itemPlace, findings);
    if (read !== undefined) return [read];
    if (!findings.isUnreadable(path)) isEmpty(path, subject(itemPlace), findings);
    // A placeholder keeps the positions of its neighbours; the error keeps the manifest from being used.
    return [takesText ? "" : {}];
  });
}

function itemLabel(noun: string, item: SourceNode, index: number, place: Place): string {
  const owner = place.machine === undefined ? "" : ` of "${place.machine}"`;
  const name = nameIn(item);
  if (name !== undefined && (noun === "machine" || noun === "network" || noun === "user")) {
    return `${noun} "${name}"${owner}`;
  }
  return `${noun} ${index + 1}${place.label.startsWith("task ") ? ` of ${place.label}` : owner}`;
}

function nameIn(node: SourceNode): string | undefined {
  if (node.type !== "map") return undefined;
  const name = node.entries.find(entry => entry.key === "name")?.value;
  return name?.type === "scalar" && name.text !== "" ? shorten(name.text) : undefined;
}

function readScalar(
  schema: z.core.$ZodType,
  isOptional: boolean,
  node: SourceScalar,
  place: Place,
  findings: Findings,
): unknown {
  const reading: FieldReading = fieldReadings.get(schema) ?? {};
  const code = reading.form === "size" ? "manifest/size-syntax" : (reading.code ?? "manifest/type");
  // "" is how the official client says "not given".
  if (node.text === "" && isOptional) return undefined;
  const read = convert(schema, reading, node);
  if ("wrong" in read) {
    const message = `${subject(place)} ${read.wrong}`;
    findings.add(code, place.path, message.includes(node.text) ? message : `${message}, found ${describeNode(node)}`, {
      value: node.text,
      hint: read.hint,
      suggestion: read.suggestion,
    });
    findings.markUnreadable(place.path);
    return undefined;
  }
  if (read.warning !== undefined) {
    findings.warn(code, place.path, `${subject(place)}: ${shorten(node.text)} ${read.warning}`, { value: node.text });
  }
  return reading.zeroIsAbsent && read.value === 0 && isJson(node) ? undefined : read.value;
}

/** Only values of a YAML text have a position. */
const isJson = (node: SourceScalar): boolean => node.position === undefined;

function convert(schema: z.core.$ZodType, reading: FieldReading, node: SourceScalar): ScalarReading<unknown> {
  const { text } = node;
  if (schema instanceof z.ZodBoolean) return readBoolean(text);
  if (schema instanceof z.ZodEnum) return readChoice(schema.options.map(String), text);
  if (schema instanceof z.ZodNumber) return reading.form === "seconds" ? readSeconds(text) : readInteger(text);
  if (text.includes("\0")) return { wrong: "contains a NUL character" };
  if (reading.form === "size") return readSize(text);
  if (reading.form === "mode") return readMode(text);
  return { value: text };
}

function readChoice(options: readonly string[], text: string): ScalarReading<string> {
  if (options.includes(text)) return { value: text };
  const byCase = options.find(option => option === text.toLowerCase());
  if (byCase !== undefined) return { value: byCase };
  const suggestion = nearest(text, options) ?? options.find(option => text !== "" && option.startsWith(text));
  return {
    wrong: `must be ${listOf(options)}, found "${shorten(text)}".${didYouMean(suggestion)}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

/** a, b or c */
export function listOf(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}
