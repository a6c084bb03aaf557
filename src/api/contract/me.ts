import { z } from "zod";

/** The person behind the request. `id` equals `owner` of the playgrounds this person made. */
export const meSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    administrator: z.boolean(),
    githubProfileId: z.string().optional(),
    /** Set with PATCH /account/preferences. */
    preferredRegion: z.string().optional(),
  })
  .meta({ id: "Me" });
export type Me = z.infer<typeof meSchema>;
