import { z } from "zod";
import { manifestProblems } from "../api/problems/manifest.ts";
import type { ProblemSpec } from "../api/problems/spec.ts";
import { startProblems } from "../api/problems/start.ts";
import { fieldReadings } from "./field.ts";
import { mayBeAbsent } from "./json-schema.ts";
import { manifestDocumentSchema } from "./schema.ts";

/** The reference page of the manifest: every field, then every code a check can report. */
export function renderManifestReference(): string {
  return `# The playground manifest

<!-- Generated from src/manifest; run scripts/generate-docs.ts after a change. -->

One YAML document describes one playground. A [JSON Schema](manifest.schema.json) for editors says the same.
\`labyard manifest check FILE\` reports every problem at once, with its place.

*Required* means: must be written in the file. Fields marked *base* may be left out on create, where they come from the
base playground; an update needs them all. With the base \`flexbox\` each machine brings its own users, drives and network.

${renderParts()}
## What a check can report

An error keeps the manifest from being saved or started; a warning does not. Some codes can be either.

| Code | Meaning | What to do |
| --- | --- | --- |
${Object.entries<ProblemSpec>({ ...manifestProblems, ...startProblems })
  .map(([code, { title, hint }]) => `| \`${code}\` | ${cell(title)} | ${cell(hint ?? "")} |`)
  .join("\n")}
`;
}

interface PartSection {
  heading: string;
  schema: z.ZodObject;
}

function renderParts(): string {
  const sections: PartSection[] = [{ heading: "Top level", schema: manifestDocumentSchema }];
  let page = "";
  // Parts found on the way are appended and rendered in turn.
  for (const { heading, schema } of sections) {
    const rows = Object.entries<z.ZodType>(schema.shape).map(([key, field]) => {
      const inner = field instanceof z.ZodOptional ? (field.unwrap() as z.ZodType) : field;
      const part = objectIn(inner);
      const path = heading === "Top level" ? key : `${heading}.${key}`;
      if (part !== undefined) sections.push({ heading: `${path}${suffixOf(inner)}`, schema: part });
      return row(key, field, inner);
    });
    page += `## ${heading === "Top level" ? heading : `\`${heading}\``}\n\n${cell(schema.description ?? "")}\n\n`;
    page += `| Field | Type | Required | Default | |\n| --- | --- | --- | --- | --- |\n${rows.join("\n")}\n\n`;
  }
  return page;
}

function row(key: string, field: z.ZodType, inner: z.ZodType): string {
  const reading = fieldReadings.get(inner);
  const required = reading?.inherited ? "base" : mayBeAbsent(field) ? "" : "yes";
  const fallback = reading?.default ?? (reading?.fill === undefined ? "" : `\`${reading.fill}\``);
  return `| \`${key}\` | ${typeName(inner)} | ${required} | ${cell(fallback)} | ${cell(inner.description ?? "")} |`;
}

function objectIn(schema: z.ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodArray) return objectIn(schema.element as z.ZodType);
  if (schema instanceof z.ZodRecord) return objectIn(schema.valueType as z.ZodType);
  return undefined;
}

function suffixOf(schema: z.ZodType): string {
  if (schema instanceof z.ZodArray) return "[]";
  return schema instanceof z.ZodRecord ? ".<name>" : "";
}

function typeName(schema: z.ZodType): string {
  if (schema instanceof z.ZodArray) return `list of ${schema.element instanceof z.ZodObject ? "objects" : "strings"}`;
  if (schema instanceof z.ZodRecord) return "map";
  if (schema instanceof z.ZodObject) return "object";
  if (schema instanceof z.ZodEnum) return schema.options.map(option => `\`${option}\``).join(", ");
  if (schema instanceof z.ZodLiteral) return `\`${String(schema.value)}\``;
  if (schema instanceof z.ZodBoolean) return "bool";
  if (schema instanceof z.ZodNumber) return "int";
  return fieldReadings.get(schema)?.form === "size" ? "size" : "string";
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
