import type { Duplex } from "node:stream";
import { createDialer, machineAddresses } from "../access/dial.ts";
import { Problem } from "../api/problems.ts";
import type { MachinePlan } from "../plan/plan.ts";
import type { Channel } from "../provisioning/channel.ts";

export interface DialFromMachineOptions {
  machines: ReadonlyArray<Pick<MachinePlan, "name" | "interfaces" | "mainAddress" | "noSSH">>;
  /** Dials machines of the play, past the guests. */
  dial: ReturnType<typeof createDialer>;
  /** The platform channel of a machine. Bounds its own waiting. */
  channel: (machine: string, signal: AbortSignal) => Promise<Pick<Channel, "connect" | "execConnection">>;
}

/** IPv4 first: what listens on a name of its own has both. */
const loopback = ["127.0.0.1", "::1"];
const sshdPort = 22;

/**
 * Connections as if a machine made them. Names and addresses of the play are dialled directly; all else goes through
 * the guest, so that names and its loopback mean what they mean there.
 *
 * An empty host is the machine itself: its network address or, if nothing listens there, its loopback. Where nobody has
 * port 22, because the image's sshd is missing, masked or misconfigured, the platform's serves that one connection. A
 * machine with noSSH is never asked to connect: what it keeps on its loopback stays there, and it serves nobody.
 */
export function dialerFromMachine({ machines, dial, channel }: DialFromMachineOptions) {
  const known = machineAddresses(machines);

  async function dialSelf(machine: string, port: number, noSSH: boolean, signal: AbortSignal): Promise<Duplex> {
    try {
      return await dial({ host: machine, port, signal });
    } catch (error) {
      if (noSSH || !(error instanceof Problem) || error.code !== "access/port-refused") throw error;
      for (const host of loopback) {
        try {
          return await (await channel(machine, signal)).connect(host, port, { signal });
        } catch {
          // Neither there; the first refusal is the one to tell.
        }
      }
      if (port === sshdPort) {
        return (await channel(machine, signal)).execConnection("exec /bin/sh /run/labyard/serve-ssh", { signal });
      }
      throw error;
    }
  }

  return async (machine: string, host: string, port: number, signal: AbortSignal): Promise<Duplex> => {
    const from = machines.find(({ name }) => name === machine);
    if (from === undefined) throw new Problem("access/machine-unknown", { message: `no machine "${machine}"` });
    if (host === "") return dialSelf(machine, port, from.noSSH, signal);
    if (known.has(host)) return dial({ host, port, signal });
    if (from.noSSH) {
      throw new Problem("access/no-ssh", {
        message: `machine "${machine}" has noSSH set: forwards through it reach the play's machines only, not "${host}"`,
      });
    }
    return (await channel(machine, signal)).connect(host, port, { signal });
  };
}
