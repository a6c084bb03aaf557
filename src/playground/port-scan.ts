import pLimit from "p-limit";
import type { createDialer } from "../access/dial.ts";
import { listeningPorts } from "../access/listening-ports.ts";
import { probeProtocol } from "../access/probe-protocol.ts";
import { Problem } from "../api/problems.ts";
import type { MachinePlan } from "../plan/plan.ts";
import type { ChannelKeeper } from "../provisioning/channel-keeper.ts";
import type { ListeningPort } from "./plays.ts";

/** However slow the machines are, a scan says what it has found by then. */
export const scanMaxMs = 60_000;
const channelMs = 15_000;
/** More than that are not for people to look at. */
const maxPortsPerMachine = 64;
const probesAtOnce = 8;
/** The platform's own ssh server. */
const channelPort = 2022;

interface PortScanOptions {
  machines: ReadonlyArray<MachinePlan>;
  keeper: ChannelKeeper;
  dial: ReturnType<typeof createDialer>;
}

/** Finds out on which ports of the play's machines programs listen, and which of them speak HTTP. */
export class PortScan {
  readonly #options: PortScanOptions;
  readonly #stop = new AbortController();
  readonly #probe = pLimit(probesAtOnce);

  constructor(options: PortScanOptions) {
    this.#options = options;
  }

  /**
   * Ports of one machine, or of all that answer. Rejects with `access/machine-unknown`, or as the platform channel
   * does when no machine could be asked.
   */
  async run(machine: string | undefined): Promise<ListeningPort[]> {
    const machines = this.#options.machines.filter(({ name }) => machine === undefined || name === machine);
    if (machines.length === 0) {
      const known = this.#options.machines.map(({ name }) => name).join(", ");
      throw new Problem("access/machine-unknown", {
        message: `the play has no machine "${machine}" (it has: ${known})`,
      });
    }
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(scanMaxMs)]);
    const found = await Promise.allSettled(machines.map(each => this.#scan(each, signal)));
    const answers = found.filter(result => result.status === "fulfilled");
    const [failure] = found.filter(result => result.status === "rejected");
    if (answers.length === 0 && failure !== undefined) throw failure.reason;
    return answers.flatMap(({ value }) => value);
  }

  stop(): void {
    this.#stop.abort(new Error("the play is stopping"));
  }

  async #scan({ name, mainAddress }: MachinePlan, signal: AbortSignal): Promise<ListeningPort[]> {
    const channel = await this.#options.keeper.get(name, "root", { signal, deadlineMs: channelMs });
    // Not ss: minimal images lack it, and the kernel's own table is everywhere. Without IPv6 there is no second file.
    const { stdout } = await channel.exec("cat /proc/net/tcp /proc/net/tcp6 2>/dev/null", { signal });
    const numbers = listeningPorts(stdout, mainAddress).filter(number => number !== channelPort);
    return Promise.all(
      numbers.slice(0, maxPortsPerMachine).map(number =>
        this.#probe(async () => ({
          machine: name,
          number,
          protocol: await probeProtocol(
            over => this.#options.dial({ host: name, port: number, signal: over }),
            name,
            signal,
          ),
        })),
      ),
    );
  }
}
