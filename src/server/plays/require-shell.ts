import { Problem } from "../../api/problems.ts";
import type { PlayRow } from "../../store/database/plays.ts";
import { requireMachine } from "./play-actions.ts";

/** Throws unless the machine exists, allows shells, and knows the user; root is always available. */
export function requireShell(row: PlayRow, machineName: string, user: string | undefined): void {
  const machine = requireMachine(row, machineName);
  if (machine.noSSH) {
    throw new Problem("server/bad-request", { message: `Machine "${machineName}" has noSSH set: it gives no shells` });
  }
  const users = ["root", ...machine.users.map(({ name }) => name)];
  if (user === undefined || users.includes(user)) return;
  throw new Problem("server/bad-request", {
    message: `Machine "${machineName}" has no user "${user}" (it has: ${[...new Set(users)].join(", ")})`,
  });
}
