import { z } from "zod";
import { fieldReadings } from "./field.ts";
import { manifestDocumentSchema } from "./schema.ts";

/** The manifest as JSON Schema 2020-12, for editors. What a base supplies is not required, and unknown keys are allowed: they are warnings. */
export function manifestJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(manifestDocumentSchema, {
    target: "draft-2020-12",
    io: "input",
    reused: "inline",
    override({ zodSchema, jsonSchema }) {
      if (!(zodSchema instanceof z.ZodObject) || jsonSchema.required === undefined) return;
      const shape: Record<string, z.ZodType> = zodSchema.shape;
      const required = jsonSchema.required.filter(key => !mayBeAbsent(shape[key]));
      if (required.length === 0) delete jsonSchema.required;
      else jsonSchema.required = required;
    },
  });
  // Integers of the schema are bounded by the language, not by the manifest.
  return withoutSafeIntegerBounds(schema) as Record<string, unknown>;
}

/** True for fields a base supplies and for those whose absence is a shorthand. */
export function mayBeAbsent(field: z.ZodType | undefined): boolean {
  if (field === undefined || field instanceof z.ZodOptional) return true;
  const reading = fieldReadings.get(field);
  return reading?.inherited === true || reading?.fill !== undefined;
}

function withoutSafeIntegerBounds(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutSafeIntegerBounds);
  if (typeof node !== "object" || node === null) return node;
  const isBound = (value: unknown) => Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key, value]) => !((key === "minimum" || key === "maximum") && isBound(value)))
      .map(([key, value]) => [key, withoutSafeIntegerBounds(value)]),
  );
}
