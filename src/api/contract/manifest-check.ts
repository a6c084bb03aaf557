import { z } from "zod";
import { warningSchema } from "./common.ts";

/** Checks a manifest against this installation: its bases, kernels and images. Saves nothing. */
export const manifestCheckBodySchema = z.object({
  /** YAML as written. */
  source: z.string().max(1024 * 1024),
  for: z.enum(["create", "update", "start"]).default("create"),
  /** Overrides `base` of the document. */
  base: z.string().optional(),
});
export type ManifestCheckBody = z.input<typeof manifestCheckBodySchema>;

const findingSchema = warningSchema
  .extend({ severity: z.enum(["error", "warning", "notice"]), hint: z.string().optional() })
  .meta({ id: "Finding" });

export const manifestCheckReplySchema = z
  .object({ valid: z.boolean(), findings: z.array(findingSchema) })
  .meta({ id: "ManifestCheck" });
export type ManifestCheckReply = z.infer<typeof manifestCheckReplySchema>;
