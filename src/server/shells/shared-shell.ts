import { randomBytes } from "node:crypto";
import type { ShellJson } from "../../api/contract/shells.ts";
import type { ShellRow } from "../../store/database/shells.ts";
import { newId } from "../auth/secrets.ts";
import type { Origins } from "../origins.ts";

const suffix = "-shell";

/** True for the first label of a shell's host name; those of ports end in hex digits. */
export const isShellLabel = (label: string) => label.endsWith(suffix);

/** A row with a host name that nobody can guess: a public shell is as public as its address. */
export function newShell(shell: {
  playId: string;
  machine: string;
  user: string;
  access: "private" | "public";
  nowMs: number;
}): ShellRow {
  return {
    id: newId(),
    play_id: shell.playId,
    machine: shell.machine,
    user: shell.user,
    label: `${shell.playId}-${randomBytes(3).toString("hex")}${suffix}`,
    access: shell.access,
    created_at: shell.nowMs,
  };
}

export function shellJson(row: ShellRow, origins: Origins, appUrl: string): ShellJson {
  return {
    id: row.id,
    playId: row.play_id,
    machine: row.machine,
    user: row.user,
    hostname: origins.portHostName(row.label),
    access: row.access,
    url: `${origins.portUrl(row.label, appUrl)}/`,
  };
}
