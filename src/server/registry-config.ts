import { z } from "zod";

/** At least two parts: a name with one would hide a machine that is called so. */
const name = z
  .string()
  .max(253)
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
    error: "must be a host name in lower case with a dot, for example registry.lab.example",
  });

/** The section `registry`: of the registry that every play has for its own machines. */
export const registrySchema = z
  .strictObject({
    /** Further names beside registry.iximiuz.com. In a play they hide whatever else has that name. */
    aliases: z.array(name).max(10).default([]),
    /** How much the registry of one play may hold. */
    maxGiB: z
      .number()
      .positive()
      .max(10 * 1024)
      .default(10),
  })
  .prefault({})
  .transform(({ aliases, maxGiB }) => ({ aliases, maxBytes: Math.round(maxGiB * 1024 ** 3) }));
