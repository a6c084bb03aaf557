import { z } from "zod";

/** 24 lower-case hex digits: the official client takes anything else for a title. */
export const playIdSchema = z.string().regex(/^[0-9a-f]{24}$/, "a play id has 24 lower-case hex digits");

/** RFC 3339, UTC, always with milliseconds: the official client sorts these as plain strings. */
export const timestampSchema = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/** A JSON integer. The official client refuses 1.5, "1" and 1e3, and with them the whole reply. */
export const integerSchema = z.int();

/** For calls whose reply the official client decodes although it says nothing. */
export const emptyReplySchema = z.object({});
export type EmptyReply = z.infer<typeof emptyReplySchema>;

/** What was accepted but deserves attention; the official client ignores it. */
export const warningSchema = z.looseObject({
  code: z.string(),
  message: z.string(),
  path: z.string().optional(),
  line: integerSchema.optional(),
  column: integerSchema.optional(),
  suggestion: z.string().optional(),
});
export type Warning = z.infer<typeof warningSchema>;

/** The body of every failed call, and what a state says about its troubles. `error` alone makes sense. */
export const problemSchema = z
  .object({
    error: z.string(),
    code: z.string(),
    owner: z.enum(["author", "operator", "user", "bug"]),
    hint: z.string().optional(),
    where: z
      .object({
        machine: z.string().optional(),
        step: z.string().optional(),
        path: z.string().optional(),
        line: integerSchema.optional(),
        column: integerSchema.optional(),
      })
      .optional(),
    details: z.array(z.unknown()).readonly().optional(),
  })
  .meta({ id: "Problem" });
