import { readFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { startChild } from "../src/host/process.ts";
import type { InterfacePlan } from "../src/plan/plan.ts";
import { openChannel } from "../src/provisioning/channel.ts";
import type { VmSpec } from "../src/vm/machine.ts";
import { qemuArguments } from "../src/vm/qemu/arguments.ts";
import { qemuFacts } from "../src/vm/qemu/facts.ts";

export interface BareBootOptions {
  /** As the platform would start it; its drives must be fresh ones. */
  spec: Omit<VmSpec, "taps">;
  /** The machine's own, as in its seed. */
  interfaces: ReadonlyArray<Pick<InterfacePlan, "mac" | "address" | "prefixLength">>;
  /** Up is when root has logged in on this port, by the platform's own client: the same event as Ready. */
  readyPort: number;
  login: { privateKey: string; hostKey: string };
  deadlineMs: number;
  signal: AbortSignal;
}

export interface BareBoot {
  /** From the start of the process to the first bytes of ssh. */
  greetingMs: number;
  /** From the start of the process to the login. */
  elapsedMs: number;
  /** Processor time of the process until then: on a shared host steadier than elapsed time. */
  cpuMs: number;
}

const attemptEveryMs = 250;
const attemptLifeMs = 5000;
const attemptsMax = 24;

/**
 * Boots the same kernel, initrd and drives with the same QEMU arguments, but with nothing of the platform around it: no
 * namespace, no bridge, no runner, no channel, no tasks. What a start takes longer than this is what the platform costs.
 */
export async function bareBoot(options: BareBootOptions): Promise<BareBoot> {
  const { program, machineType } = await qemuFacts();
  const port = await freePort();
  const argv = [
    ...qemuArguments({ ...options.spec, taps: [] }, { program, machineType }),
    ...options.interfaces.flatMap((entry, index) =>
      userNetwork(entry, index, index === 0 ? { port, options } : undefined),
    ),
  ];
  const startedAt = performance.now();
  // An interrupted benchmark must not leave a machine behind.
  const child = await startChild(["setpriv", "--pdeathsig", "KILL", "--", ...argv], {
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
  });
  // Control and console are read and thrown away: a full pipe would slow the guest.
  for (const stream of child.process.stdio.slice(3)) if (stream && "resume" in stream) stream.resume();
  const over = new AbortController();
  const limit = AbortSignal.any([options.signal, AbortSignal.timeout(options.deadlineMs), over.signal]);
  void child.exited.then(() => over.abort(new Error(`the bare machine ended: ${child.stderrTail()}`)));
  try {
    await greeting(port, limit);
    const greetingMs = Math.round(performance.now() - startedAt);
    await using _channel = await openChannel({
      machine: "bare",
      address: "127.0.0.1",
      port,
      username: "root",
      ...options.login,
      signal: limit,
      deadlineMs: options.deadlineMs,
    });
    return {
      greetingMs,
      elapsedMs: Math.round(performance.now() - startedAt),
      cpuMs: await cpuTimeMs(child.pid),
    };
  } finally {
    over.abort(new Error("the benchmark is over"));
    await child.stop(0);
  }
}

/** QEMU's own user-mode network with the machine's subnet; nothing gets out of it. */
function userNetwork(
  entry: BareBootOptions["interfaces"][number],
  index: number,
  forward: { port: number; options: BareBootOptions } | undefined,
): string[] {
  const [gateway, names] = [lastOctet(entry.address, 251), lastOctet(entry.address, 252)];
  const rule = forward ? `,hostfwd=tcp:127.0.0.1:${forward.port}-${entry.address}:${forward.options.readyPort}` : "";
  const network = `net=${lastOctet(entry.address, 0)}/${entry.prefixLength},host=${gateway},dns=${names}`;
  return [
    ...["-netdev", `user,id=bare${index},restrict=on,ipv6=off,${network}${rule}`],
    ...[
      "-device",
      `virtio-net-pci,netdev=bare${index},mac=${entry.mac},romfile=,bus=pcie.0,addr=0x5.0x${index},multifunction=on`,
    ],
  ];
}

const lastOctet = (address: string, octet: number) => address.replace(/\d+$/, `${octet}`);

/**
 * Waits for ssh's first bytes. QEMU accepts at once and then tries the guest for seconds, so a connection proves
 * nothing and one attempt would see a port that opened only at its next try: a new attempt joins every while.
 */
async function greeting(port: number, signal: AbortSignal): Promise<void> {
  const sockets = new Set<Socket>();
  const greeted = Promise.withResolvers<void>();
  const attempt = () => {
    if (sockets.size >= attemptsMax) return;
    const socket = connect(port, "127.0.0.1");
    sockets.add(socket);
    socket.once("data", chunk => chunk.toString("latin1").startsWith("SSH-") && greeted.resolve());
    socket.once("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
    socket.setTimeout(attemptLifeMs, () => socket.destroy());
  };
  const timer = setInterval(attempt, attemptEveryMs);
  const onAbort = () => greeted.reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await greeted.promise;
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", onAbort);
    for (const socket of sockets) socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

async function cpuTimeMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  // The second field, the name, may hold blanks; times in ticks of 10 ms are the 14th and 15th.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
