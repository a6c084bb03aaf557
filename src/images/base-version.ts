import { builderVersion, type Filesystem } from "./filesystem-builder.ts";

/** Bumped when the same tree would become another drive: by the writer, the merge rules or the findings. */
const baseVersion = 6;

/** What wrote a drive of this kind, and judged its image; a drive of another version is never used again. */
export function driveVersion(filesystem: Filesystem): string {
  return filesystem === "ext4" ? `${baseVersion}` : `${baseVersion}.${builderVersion}`;
}
