import { connect, type Socket } from "node:net";
import { Problem, type ProblemCode } from "../api/problems.ts";
import type { MachinePlan } from "../plan/plan.ts";

export interface DialRequest {
  /** A machine's name, `machine.network`, or one of its addresses. */
  host: string;
  port: number;
  signal?: AbortSignal;
  /** Default 10 000. */
  timeoutMs?: number;
}

const keepAliveMs = 15_000;

type DialedMachine = Pick<MachinePlan, "name" | "interfaces" | "mainAddress">;

/** Addresses by every name of the play's machines. Names are never looked up anywhere else. */
export function machineAddresses(
  machines: ReadonlyArray<DialedMachine>,
): Map<string, { machine: string; address: string }> {
  const known = new Map<string, { machine: string; address: string }>();
  for (const { name: machine, interfaces, mainAddress } of machines) {
    known.set(machine, { machine, address: mainAddress });
    for (const { network, address } of interfaces) {
      const target = { machine, address };
      known.set(`${machine}.${network}`, target);
      known.set(address, target);
    }
  }
  return known;
}

/**
 * A dialer into the play's network, for a process that lives in its namespace. It reaches the play's machines and
 * nothing else: neither the gateway's services, nor the internet, nor another play.
 *
 * The stream it gives is half-open: each direction ends by itself. Rejects with `access/machine-unknown`,
 * `port-invalid`, `port-refused`, `port-timeout` or `port-unreachable`, or with the signal's reason.
 */
export function createDialer(machines: ReadonlyArray<DialedMachine>): (request: DialRequest) => Promise<Socket> {
  const addresses = machineAddresses(machines);
  return async request => {
    const target = addresses.get(request.host);
    if (target === undefined) {
      const known = [...new Set([...addresses.values()].map(({ machine }) => machine))].join(", ");
      throw new Problem("access/machine-unknown", {
        message: `the play has no machine "${request.host}" (it has: ${known})`,
      });
    }
    if (!Number.isInteger(request.port) || request.port < 1 || request.port > 65535) {
      throw new Problem("access/port-invalid", { message: `port ${request.port} is not between 1 and 65535` });
    }
    return dialAddress(target, request);
  };
}

function dialAddress(
  { machine, address }: { machine: string; address: string },
  { port, signal, timeoutMs = 10_000 }: DialRequest,
): Promise<Socket> {
  const problem = (code: ProblemCode, what: string, cause?: unknown) =>
    new Problem(code, { message: `${machine}:${port} (${address}) ${what}`, where: { machine, step: "dial" }, cause });
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    // A guest that was reset answers a probe with a reset; without one a silent reader would wait for ever.
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: keepAliveMs };
    const socket = connect({ host: address, port, noDelay: true, allowHalfOpen: true, ...keepAlive });
    const settle = (failure?: unknown) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      socket.removeAllListeners();
      if (failure === undefined) {
        resolve(socket);
        return;
      }
      socket
        .on("error", () => {
          // Late news of a connection nobody waits for.
        })
        .destroy();
      reject(failure);
    };
    const onAbort = () => settle(signal?.reason);
    const timer = setTimeout(
      () => settle(problem("access/port-timeout", `did not answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", () => settle());
    socket.once("error", (cause: NodeJS.ErrnoException) =>
      settle(
        cause.code === "ECONNREFUSED"
          ? problem("access/port-refused", "refused the connection", cause)
          : problem("access/port-unreachable", `cannot be reached: ${cause.code ?? cause.message}`, cause),
      ),
    );
  });
}
