import type { DrivePlan } from "../plan/plan.ts";

export type Filesystem = NonNullable<DrivePlan["filesystem"]>;

/** Bumped when the same tree would become another drive. */
export const builderVersion = 1;

export interface BuildFilesystemRequest {
  /** A raw ext4 drive with the tree, written by us. It is only read. */
  source: string;
  /** Created by the builder (it must not exist): raw and sparse. The caller removes it when the builder rejects. */
  target: string;
  filesystem: Exclude<Filesystem, "ext4">;
  sizeBytes: number;
  uuid: string;
  /** For the mkfs of this filesystem, checked by whoever asks. */
  mkfsArguments?: readonly string[];
  /** Whether the lost+found of the source is the tree's, and not only there because each ext4 has one. */
  keepLostAndFound: boolean;
  signal?: AbortSignal;
  /** How many bytes the target holds by now. */
  onProgress?: (writtenBytes: number) => void;
}

/**
 * Makes a filesystem that we cannot write ourselves, with everything the source holds: names, bytes, modes, owners,
 * times, xattrs, ACLs, links, devices, holes.
 *
 * Whoever uses the images brings one (the playground has one that lets a small machine do it); without it only ext4
 * can be made.
 */
export type BuildFilesystem = (request: BuildFilesystemRequest) => Promise<void>;
