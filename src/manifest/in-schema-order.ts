import { z } from "zod";
import { setOwn } from "./read/source-tree.ts";

/**
 * A value with its fields in the order of the schema (which is that of the official client's dumps), unknown ones after
 * them, names of tasks sorted, and nothing that is undefined.
 */
export function inSchemaOrder(schema: z.core.$ZodType, value: unknown): unknown {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (Array.isArray(value)) {
    return inner instanceof z.ZodArray ? value.map(item => inSchemaOrder(inner.element, item)) : value;
  }
  if (typeof value !== "object" || value === null) return value;
  const fields = new Map(Object.entries(value).filter(([, field]) => field !== undefined));
  const ordered: Record<string, unknown> = {};
  if (inner instanceof z.ZodObject) {
    for (const [key, field] of Object.entries(inner.shape)) {
      if (fields.has(key)) setOwn(ordered, key, inSchemaOrder(field, fields.get(key)));
      fields.delete(key);
    }
    for (const [key, field] of fields) setOwn(ordered, key, field);
    return ordered;
  }
  if (!(inner instanceof z.ZodRecord)) return value;
  for (const key of [...fields.keys()].sort()) setOwn(ordered, key, inSchemaOrder(inner.valueType, fields.get(key)));
  return ordered;
}
