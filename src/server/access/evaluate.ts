import type { AccessControl } from "../../api/contract/playground-spec.ts";

/** What access lists are asked about a person. */
export interface AccessSubject {
  userId: string;
  administrator: boolean;
  githubHandle: string | undefined;
}

export interface AccessItem {
  /** "" for built-in playgrounds. */
  owner: string;
  lists: AccessControl;
  /** An installation may take `anyone` for `authenticated`. */
  anyoneMeans: "anyone" | "authenticated";
}

export interface UserAccess {
  canList: boolean;
  canRead: boolean;
  canStart: boolean;
}

/** What this person (undefined: a stranger) may do with the item. `nobody` denies even its owner. */
export function evaluateAccess(item: AccessItem, subject: AccessSubject | undefined): UserAccess {
  return {
    canList: allows(item.lists.canList, item, subject),
    canRead: allows(item.lists.canRead, item, subject),
    canStart: allows(item.lists.canStart, item, subject),
  };
}

/** Owner and administrators, whatever the lists say: so `nobody` can always be undone. Built-in items are files. */
export function mayEdit(item: Pick<AccessItem, "owner">, subject: AccessSubject | undefined): boolean {
  if (subject === undefined || item.owner === "") return false;
  return subject.administrator || subject.userId === item.owner;
}

function allows(principals: readonly string[], item: AccessItem, subject: AccessSubject | undefined): boolean {
  if (principals.includes("nobody")) return false;
  if (subject?.administrator) return true;
  return principals.some(principal => matches(principal, item, subject));
}

/** Groups and packs (student:, instructor, has-pack:) exist in manifests but not here yet: they match nobody. */
function matches(principal: string, item: AccessItem, subject: AccessSubject | undefined): boolean {
  if (principal === "anyone" && item.anyoneMeans === "anyone") return true;
  if (subject === undefined) return false;
  if (principal === "anyone" || principal === "authenticated") return true;
  if (principal === "owner") return item.owner !== "" && subject.userId === item.owner;
  const [kind, value = ""] = split(principal);
  if (kind === "user") return value === subject.userId;
  if (kind === "github") return value !== "" && value.toLowerCase() === subject.githubHandle?.toLowerCase();
  return false;
}

function split(principal: string): [string, string?] {
  const colon = principal.indexOf(":");
  return colon < 0 ? [principal] : [principal.slice(0, colon), principal.slice(colon + 1)];
}
