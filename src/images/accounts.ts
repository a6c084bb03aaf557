import { lookUp } from "./tree-paths.ts";
import type { PayloadSource, Tree } from "./tree.ts";

export interface AccountEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
  shell: string;
}

export interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

const maxFileBytes = 1024 * 1024;

/** The text of a small file of the image; undefined when it is missing, not a file or larger than 1 MiB. */
export function readTreeText(tree: Tree, payloads: PayloadSource, path: string): string | undefined {
  const found = lookUp(tree, path);
  if (found?.node.type !== "file" || found.node.size > maxFileBytes) return undefined;
  const { size, payload } = found.node;
  if (payload === undefined) return "\0".repeat(size);
  const bytes = Buffer.alloc(size);
  payloads.read(payload, 0, bytes);
  return bytes.toString("utf8");
}

/** Accounts as the C library reads them: malformed lines do not exist, of two with one name the first counts. */
export function parsePasswd(text: string): AccountEntry[] {
  const accounts = new Map<string, AccountEntry>();
  for (const line of text.split("\n")) {
    const [name, , uid, gid, , home, shell] = line.split(":");
    if (!name || /^[#+-]/.test(name) || !isId(uid) || !isId(gid) || home === undefined || shell === undefined) continue;
    if (!accounts.has(name)) {
      accounts.set(name, { name, uid: Number(uid), gid: Number(gid), home, shell: shell || "/bin/sh" });
    }
  }
  return [...accounts.values()];
}

export function parseGroup(text: string): GroupEntry[] {
  const groups = new Map<string, GroupEntry>();
  for (const line of text.split("\n")) {
    const [name, , gid, members] = line.split(":");
    if (!name || /^[#+-]/.test(name) || !isId(gid) || groups.has(name)) continue;
    groups.set(name, { name, gid: Number(gid), members: (members ?? "").split(",").filter(Boolean) });
  }
  return [...groups.values()];
}

/** Everybody the image knows. */
export interface Accounts {
  users: AccountEntry[];
  groups: GroupEntry[];
}

export function readAccounts(tree: Tree, payloads: PayloadSource): Accounts {
  return {
    users: parsePasswd(readTreeText(tree, payloads, "/etc/passwd") ?? ""),
    groups: parseGroup(readTreeText(tree, payloads, "/etc/group") ?? ""),
  };
}

function isId(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= 2 ** 32 - 2;
}
