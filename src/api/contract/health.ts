import { z } from "zod";

export const healthSchema = z.object({
  status: z.literal("ok"),
  product: z.literal("labyard"),
  version: z.string(),
  /** Tells one server start from the next. */
  instance: z.string(),
});
export type Health = z.infer<typeof healthSchema>;
