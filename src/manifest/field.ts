import { z } from "zod";
import type { FindingCode } from "./finding.ts";

/** How a scalar is brought into its canonical form once its text is known. */
export type ScalarForm = "text" | "size" | "mode" | "seconds";

/** What reading needs to know about a field beyond its type: the schema stays the only place that says it. */
export interface FieldReading {
  /** Code of the finding when a scalar cannot be what the field needs; `manifest/type` unless given. */
  code?: FindingCode;
  form?: ScalarForm;
  /** What holds when the field is absent, in words, for the reference page. */
  default?: string;
  /** True: may be absent because the base has it. */
  inherited?: true;
  /** Written in place of an absent value: for fields whose absence is only a shorthand. */
  fill?: string;
  /** For lists: writing none is the same as leaving the field out. */
  emptyIsAbsent?: true;
  /** The official client sends 0 for "not given". */
  zeroIsAbsent?: true;
}

/** What reading needs to know about an object of the manifest. */
export interface PartReading {
  /** The word for one of these in messages: "drive", "tab". */
  noun: string;
  /** Other spellings that mean the same without doubt, read as the field they name. */
  aliases?: Readonly<Record<string, string>>;
  /** Frequent wrong names, with the field (or the advice) to suggest; never applied. */
  misspellings?: Readonly<Record<string, string>>;
  /** Keys that dumps and API replies carry and that say nothing about what the author wants. */
  ignored?: readonly string[];
  /** Keys of content documents (tutorials, challenges) that mean nothing in a playground. */
  contentOnly?: readonly string[];
  /** Code of the finding when the value is not an object at all; `manifest/type` unless given. */
  code?: FindingCode;
  /** What to write instead of something that is not an object. */
  example?: string;
}

export const fieldReadings = z.registry<FieldReading>();
export const partReadings = z.registry<PartReading>();

/** A field that takes text; numbers, dates and booleans keep the spelling of the source. */
export function text(description: string, reading: FieldReading = {}): z.ZodString {
  return z.string().meta({ description }).register(fieldReadings, reading);
}

export function integer(description: string, reading: FieldReading = {}): z.ZodInt {
  return z.int().meta({ description }).register(fieldReadings, reading);
}

/** A field that is true or false; yes/no/on/off/y/n are read as well. */
export function flag(description: string, reading: FieldReading = {}): z.ZodBoolean {
  return z.boolean().meta({ description }).register(fieldReadings, reading);
}

export function choice<const Values extends readonly [string, ...string[]]>(
  values: Values,
  description: string,
  reading: FieldReading = {},
) {
  return z.enum(values).meta({ description }).register(fieldReadings, reading);
}

export function list<Item extends z.ZodType>(
  item: Item,
  description: string,
  reading: FieldReading = {},
): z.ZodArray<Item> {
  return z.array(item).meta({ description }).register(fieldReadings, reading);
}

/** An object of the manifest. Unknown keys are kept by reading; they are not part of the type. */
export function part<Shape extends z.ZodRawShape>(shape: Shape, description: string, reading: PartReading) {
  return z.object(shape).meta({ description }).register(partReadings, reading);
}
