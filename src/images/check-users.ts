import { Problem } from "../api/problems.ts";
import type { BaseDrive } from "./base-drive.ts";

/** What of a machine names accounts, in a manifest or in a plan. */
interface NamesAccounts {
  name: string;
  users: ReadonlyArray<{ name: string }>;
  startupFiles: ReadonlyArray<{ path: string; owner?: string | undefined }>;
}

/** Every user, owner or group that the machine names and its root image lacks; empty when all is well. */
export function checkUsers(
  machine: NamesAccounts,
  drive: Pick<BaseDrive, "reference" | "users" | "groups">,
): Problem[] {
  const users = drive.users.map(user => user.name);
  const groups = drive.groups.map(group => group.name);
  const problems: Problem[] = [];
  const missing = (kind: "user" | "group", name: string, has: string[], path: string) =>
    problems.push(
      new Problem("machine/user-not-in-image", {
        message: `${kind} "${name}" does not exist in ${drive.reference} (it has: ${listed(has)})`,
        where: { machine: machine.name, step: "image", path },
      }),
    );
  for (const [index, user] of machine.users.entries()) {
    if (!users.includes(user.name)) missing("user", user.name, loginUsers(drive), `users[${index}].name`);
  }
  for (const [index, file] of machine.startupFiles.entries()) {
    const [owner, group] = (file.owner ?? "").split(":") as [string, string?];
    const path = `startupFiles[${index}].owner`;
    if (isName(owner) && !users.includes(owner)) missing("user", owner, loginUsers(drive), path);
    if (group !== undefined && isName(group) && !groups.includes(group)) missing("group", group, groups, path);
  }
  return problems;
}

/** Numbers need no account. */
function isName(text: string): boolean {
  return text !== "" && !/^\d+$/.test(text);
}

/** Service accounts would hide the few that a person means. */
function loginUsers(drive: Pick<BaseDrive, "users">): string[] {
  return drive.users.filter(user => user.uid === 0 || (user.uid >= 1000 && user.uid < 60000)).map(user => user.name);
}

function listed(names: string[]): string {
  const shown = names.slice(0, 20);
  return `${shown.join(", ") || "none"}${names.length > shown.length ? ", …" : ""}`;
}
