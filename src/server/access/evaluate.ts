import type { AccessControl } from "../../api/contract/playground-spec.ts";

/** What access lists are asked about a person. */
export interface AccessSubject {
  userId: string;
  administrator: boolean;
  githubHandle: string | undefined;
  /** Groups whose students this person is one of, as far as their time windows are open. */
  studentOf: readonly string[];
  instructorOf: readonly string[];
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

/** Names after `student:` in any of the lists: the groups that the item is attached to. */
export function groupsOf(lists: AccessControl): string[] {
  const principals = [...lists.canList, ...lists.canRead, ...lists.canStart];
  return [...new Set(principals.map(split).flatMap(([kind, value]) => (kind === "student" && value ? [value] : [])))];
}

function allows(principals: readonly string[], item: AccessItem, subject: AccessSubject | undefined): boolean {
  if (principals.includes("nobody")) return false;
  if (subject?.administrator) return true;
  return principals.some(principal => matches(principal, item, subject));
}

/** Packs (has-pack:) exist in manifests but not here: they match nobody. */
function matches(principal: string, item: AccessItem, subject: AccessSubject | undefined): boolean {
  if (principal === "anyone" && item.anyoneMeans === "anyone") return true;
  if (subject === undefined) return false;
  if (principal === "anyone" || principal === "authenticated") return true;
  if (principal === "owner") return item.owner !== "" && subject.userId === item.owner;
  if (principal === "instructor") return groupsOf(item.lists).some(group => subject.instructorOf.includes(group));
  const [kind, value = ""] = split(principal);
  if (kind === "user") return value === subject.userId;
  if (kind === "github") return value !== "" && value.toLowerCase() === subject.githubHandle?.toLowerCase();
  if (kind === "student") return subject.studentOf.includes(value);
  return false;
}

function split(principal: string): [string, string?] {
  const colon = principal.indexOf(":");
  return colon < 0 ? [principal] : [principal.slice(0, colon), principal.slice(colon + 1)];
}
