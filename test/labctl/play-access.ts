import { Exit } from "./context.ts";
import type { LabctlApi } from "./http.ts";
import { type Play, play as playShape } from "./shapes.ts";
import { readPublicKey } from "./ssh.ts";
import { startTunnel, type Tunnel } from "./tunnel.ts";

export const getPlay = (api: LabctlApi, id: string): Promise<Play> => api.call("GET", `/plays/${id}`, playShape);

/** The machine by name, else the first: taken unasked, so a play without machines ends the program. */
export function machineOf(play: Play, name: string | undefined): Play["machines"][number] {
  const found = name === undefined ? play.machines[0] : play.machines.find(machine => machine.name === name);
  if (found !== undefined) return found;
  if (name === undefined) throw new Error("panic: runtime error: index out of range [0] with length 0");
  throw new Exit(1, `Machine '${name}' not found in the playground`);
}

/** root is always accepted; others must be listed. The default is the one flagged so, else root. */
export function userOf(machine: Play["machines"][number], name: string | undefined): string {
  if (name === undefined) return machine.users.find(user => user.default)?.name ?? "root";
  if (name === "root" || machine.users.some(user => user.name === name)) return name;
  throw new Exit(1, `User '${name}' not found in the machine '${machine.name}'`);
}

/** With the key of the login installed for this user before it returns. */
export async function sshTunnel(api: LabctlApi, id: string, machine: string, user: string): Promise<Tunnel> {
  const publicKey = await readPublicKey(api.config.sshIdentityFile);
  return startTunnel(api, id, machine, { user, publicKey });
}
