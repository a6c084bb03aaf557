import { z } from "zod";
import { textMap } from "./text-map.ts";

/**
 * The keys of a build script. Version 1 is exactly the format that existed before; what version 2 adds is marked.
 *
 * Integers arrive as bigint, because the parser would otherwise not tell 1 from 1.0.
 */

const integer = (max: bigint) =>
  z
    .bigint()
    .min(0n)
    .max(max)
    .transform(value => Number(value > maxSafe ? maxSafe : value));
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);
const u32 = integer(2n ** 32n - 1n);
const u64 = integer(2n ** 63n - 1n);
const text = z.string();
const nonEmpty = z.string().min(1);
const texts = z.array(z.string());

const filesystemTypes = ["Ext4", "Btrfs", "Squashfs", "Vfat", "Xfs"] as const;

const filesystem = {
  type: z.enum(filesystemTypes).default("Ext4"),
  size_mib: u32.optional(),
  block_size_mib: u32.optional(),
  dd_args: texts.default([]),
  mkfs_args: texts.default([]),
};
const filesystem2 = {
  ...filesystem,
  size: z.literal("auto").optional(),
  /** Vfat only: leave out what it cannot hold instead of failing. */
  lossy: z.boolean().default(false),
};

const image = { name: nonEmpty, tag: nonEmpty };
const image2 = { name: nonEmpty, tag: nonEmpty.optional(), digest: nonEmpty.optional(), platform: nonEmpty.optional() };

const container = {
  engine: z.enum(["Docker", "Podman"]).default("Docker"),
  image: z.strictObject(image),
  rootful: z.boolean().default(false),
  wait_timeout_s: u64.optional(),
  connection_uri: nonEmpty.optional(),
  volumes: textMap.default({}),
  env: textMap.default({}),
  hostname: nonEmpty.optional(),
  oci_runtime: nonEmpty.optional(),
  timeout: u64.optional(),
  cap_add: texts.default([]),
  cap_drop: texts.default([]),
};
const container2 = {
  ...container,
  image: z.strictObject(image2),
  pull: z.enum(["always", "missing", "never"]).default("missing"),
};

const command = {
  command: text.optional(),
  script_inline: text.optional(),
  script_path: text.optional(),
  uid: u32.optional(),
  gid: u32.optional(),
  working_dir: nonEmpty.optional(),
  privileged: z.boolean().default(false),
  env: textMap.default({}),
};
const command2 = {
  ...command,
  /** "name" or "name:group", resolved in the image */
  user: nonEmpty.optional(),
  /** true: /bin/sh; or the path of another shell that takes -c */
  shell: z.union([z.boolean(), nonEmpty]).optional(),
};

const overlay = {
  source: text.optional(),
  source_inline: text.optional(),
  destination: nonEmpty,
  is_directory: z.boolean().default(false),
  mounted: z.boolean().default(false),
};
const overlay2 = {
  ...overlay,
  /** Octal digits */
  mode: z
    .string()
    .regex(/^[0-7]{3,5}$/, { error: "must be octal digits such as 0755" })
    .optional(),
  uid: u32.optional(),
  gid: u32.optional(),
};

const paths = z.strictObject({ include: texts.default([]), create: texts.default([]) });
const nothing = { include: [], create: [] };
const exported = z.strictObject({ files: paths.default(nothing), directories: paths.default(nothing) });

export const schemaVersion1 = z.strictObject({
  version: z.literal(1n).optional(),
  filesystem: z.strictObject(filesystem),
  container: z.strictObject(container),
  commands: z.array(z.strictObject(command)).default([]),
  overlays: z.array(z.strictObject(overlay)).default([]),
  export: exported.optional(),
});

export const schemaVersion2 = z.strictObject({
  version: z.literal(2n),
  filesystem: z.strictObject(filesystem2).optional(),
  container: z.strictObject(container2),
  commands: z.array(z.strictObject(command2)).default([]),
  overlays: z.array(z.strictObject(overlay2)).default([]),
  export: exported.optional(),
  output: z.strictObject({ format: z.enum(["image", "tarball", "oci"]).default("image") }).optional(),
});

type Script2 = z.output<typeof schemaVersion2>;
/** A script of either version: the first is the second with less in it. */
export type BuildScript = Omit<Script2, "version"> & { version: 1 | 2 };
export type FilesystemPart = NonNullable<BuildScript["filesystem"]>;
export type ContainerPart = BuildScript["container"];
export type CommandPart = BuildScript["commands"][number];
export type OverlayPart = BuildScript["overlays"][number];
export type ExportPart = NonNullable<BuildScript["export"]>;

/** The first version gets the second's defaults for what it cannot say. */
export function fromVersion1(script: z.output<typeof schemaVersion1>): BuildScript {
  const { version: _, filesystem: given, container: engine, ...rest } = script;
  return {
    ...rest,
    version: 1,
    filesystem: { ...given, lossy: false },
    container: { ...engine, pull: "missing" },
  };
}
