import { Problem } from "../api/problems.ts";
import type { MachinePlan } from "../plan/plan.ts";

export type LoginMachine = Pick<MachinePlan, "name" | "users" | "defaultUser" | "noSSH">;

/** The account a person gets on a machine: the asked one or the machine's default; only where shells are offered. */
export function resolveLogin(
  machines: readonly LoginMachine[],
  request: { machine: string; user?: string },
): { machine: string; user: string } {
  const machine = machines.find(({ name }) => name === request.machine);
  if (machine === undefined) {
    throw new Problem("access/machine-unknown", {
      message: `the play has no machine "${request.machine}" (it has: ${machines.map(({ name }) => name).join(", ")})`,
    });
  }
  const where = { machine: machine.name, step: "login" };
  if (machine.noSSH) {
    throw new Problem("access/no-ssh", { message: `machine "${machine.name}" does not offer a shell`, where });
  }
  const user = request.user ?? machine.defaultUser;
  // root is always available, listed or not.
  const users = new Set([...machine.users.map(({ name }) => name), "root"]);
  if (!users.has(user)) {
    const known = [...users].join(", ");
    throw new Problem("access/user-unknown", {
      message: `machine "${machine.name}" has no user "${user}" (it has: ${known})`,
      where,
    });
  }
  return { machine: machine.name, user };
}
