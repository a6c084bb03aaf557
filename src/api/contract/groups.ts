import { z } from "zod";
import { timestampSchema } from "./common.ts";

/** The same words that `student:<name>` in an access list takes. */
export const groupNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,127}$/, "must be lower-case letters, digits and -");

const momentSchema = z.iso.datetime({ offset: true });

export const groupSchema = z
  .object({
    name: z.string(),
    /** Students count from here on; absent: at once. */
    opensAt: timestampSchema.optional(),
    /** Students count until here; absent: for good. */
    closesAt: timestampSchema.optional(),
    open: z.boolean(),
    members: z.array(z.object({ id: z.string(), name: z.string(), role: z.enum(["student", "instructor"]) })),
  })
  .meta({ id: "Group" });
export type Group = z.infer<typeof groupSchema>;

export const putGroupBodySchema = z.object({ opensAt: momentSchema.nullish(), closesAt: momentSchema.nullish() });
export type PutGroupBody = z.infer<typeof putGroupBodySchema>;

export const putGroupMemberBodySchema = z.object({ role: z.enum(["student", "instructor"]).default("student") });
export type PutGroupMemberBody = z.input<typeof putGroupMemberBodySchema>;
