import { z } from "zod";
import { faultOfSource } from "../manifest/image-reference.ts";

const host = z.string().regex(/^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?$/, "must be host or host:port");
const mirror = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?(?:\/[a-z0-9._/-]+)?$/, "must be host[:port][/prefix]");

const aliasName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,100}$/, "must be lower-case letters, digits, '.', '_' and '-'");
const aliasTarget = z
  .string()
  .refine(
    target => faultOfSource(target) === undefined,
    "must be oci://host/repository[:tag][@digest] or a named image",
  );

const registrySchema = z
  .strictObject({
    /** Asked in this order before the registry itself. */
    mirrors: z.array(mirror).max(10).default([]),
    /** Speak to it without TLS. Loopback needs no permission. */
    plainHttp: z.boolean().default(false),
    /** PEM files. */
    ca: z.string().optional(),
    clientCertificate: z.string().optional(),
    clientKey: z.string().optional(),
  })
  .refine(({ clientCertificate, clientKey }) => (clientCertificate === undefined) === (clientKey === undefined), {
    message: "clientCertificate and clientKey belong together",
  });

/** The section `images`: where images come from and how much of them is kept. */
export const imagesSchema = z
  .strictObject({
    /** When the cache is larger, images that were not used for longest are removed before others are fetched. */
    cacheGiB: z
      .number()
      .min(1)
      .max(1024 * 1024)
      .optional(),
    /** What all layers of one image together may be unpacked to. Default: 100, as the largest drive. */
    maxImageGiB: z.number().min(1).max(1024).optional(),
    /** Whether manifests may name images of Docker Hub. */
    dockerHub: z.boolean().default(false),
    /** Files as `docker login` writes them, read before the user's own. */
    authFiles: z.array(z.string().min(1)).default([]),
    /** Named images of this installation, beside those it knows: what `source: NAME` of a drive stands for. */
    aliases: z.record(aliasName, aliasTarget).default({}),
    /** Hosts in private ranges to which registries may send their clients, for tokens and blobs. */
    allowPrivateHosts: z.array(host).default([]),
    registries: z.record(host, registrySchema).default({}),
  })
  .prefault({});
