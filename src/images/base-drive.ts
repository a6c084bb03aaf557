import type { AccountEntry, GroupEntry } from "./accounts.ts";
import type { BootFinding, InitKind } from "./bootability.ts";
import type { Digest } from "./digest.ts";
import type { Filesystem } from "./filesystem-builder.ts";

/** A read-only drive in the cache that holds one image; machines put an overlay on it. */
export interface BaseDrive {
  path: string;
  format: "raw";
  /** Of the file. At most the size asked for; the guest grows an ext4 to its drive. */
  sizeBytes: number;
  filesystem: Filesystem;
  /** What the reference stood for: an index's digest where there is one. */
  imageDigest: Digest;
  /** "debian-12" or "oci://…", as people know it */
  reference: string;
  /** From the image's /etc/passwd and /etc/group; empty when it has none. */
  users: AccountEntry[];
  groups: GroupEntry[];
  findings: BootFinding[];
  /** undefined: there is no init, so this can only be a data drive */
  initKind: InitKind | undefined;
}
