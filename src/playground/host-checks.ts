import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { type Server, createServer } from "node:net";
import { freeSpaceBytes } from "../host/free-space.ts";
import { run } from "../host/process.ts";
import { probeNetwork } from "../network/probe.ts";
import { clientFile, type Paths } from "../store/paths.ts";
import { readRecord } from "../store/play-records.ts";
import { type AccelerationFinding, probeAcceleration } from "../vm/probe.ts";

export interface HostCheck {
  check: string;
  status: "ok" | "degraded" | "failed";
  /** What was found and what it means. */
  message: string;
  /** What to do about it. */
  action?: string;
}

export interface HostCheckOptions {
  paths: Paths;
  port: number;
  signal: AbortSignal;
}

/** Every check of `labyard doctor`, each done by using what it speaks of. Yields as the findings come. */
export async function* checkHost(options: HostCheckOptions): AsyncGenerator<HostCheck> {
  yield checkNode();
  for (const tool of tools) yield await checkTool(tool, "plays cannot start without it", "failed", options.signal);
  yield await checkTool(registryTool, "plays have no registry of their own without it", "degraded", options.signal);
  yield await checkHome(options.paths);
  yield await checkDisk(options.paths);
  yield await checkPort(options);
  yield* await probeNetwork();
  for (const finding of await checkAcceleration(options)) yield finding;
}

/** Programs that a play needs, how each tells its version, and the Debian package that brings it. */
const tools = [
  { program: "qemu-system-x86_64", arguments: ["--version"], debianPackage: "qemu-system-x86" },
  { program: "qemu-img", arguments: ["--version"], debianPackage: "qemu-utils" },
  { program: "pasta", arguments: ["--version"], debianPackage: "passt" },
  { program: "dnsmasq", arguments: ["--version"], debianPackage: "dnsmasq-base" },
  { program: "nft", arguments: ["--version"], debianPackage: "nftables" },
  { program: "ip", arguments: ["-V"], debianPackage: "iproute2" },
  { program: "unshare", arguments: ["--version"], debianPackage: "util-linux" },
  { program: "mmdebstrap", arguments: ["--version"], debianPackage: "mmdebstrap" },
  { program: "mke2fs", arguments: ["-V"], debianPackage: "e2fsprogs" },
];

/** Only what is pushed or pulled needs it. */
const registryTool = { program: "docker-registry", arguments: ["--version"], debianPackage: "docker-registry" };

function checkNode(): HostCheck {
  return { check: "node", status: "ok", message: `Node ${process.versions.node} runs Labyard's sources as they are` };
}

async function checkTool(
  tool: (typeof tools)[number],
  without: string,
  status: HostCheck["status"],
  signal: AbortSignal,
): Promise<HostCheck> {
  try {
    const { stdout, stderr } = await run([tool.program, ...tool.arguments], { signal, timeoutMs: 10_000 });
    const version = `${stdout}${stderr}`.trim().split("\n")[0] ?? "";
    return { check: tool.program, status: "ok", message: version };
  } catch (error) {
    signal.throwIfAborted();
    return {
      check: tool.program,
      status,
      message: `${(error as Error).message}; ${without}`,
      action: `apt-get install --no-install-recommends ${tool.debianPackage}`,
    };
  }
}

async function checkHome(paths: Paths): Promise<HostCheck> {
  try {
    await mkdir(paths.home, { recursive: true, mode: 0o700 });
    await access(paths.home, constants.W_OK | constants.X_OK);
    return { check: "home", status: "ok", message: `${paths.home} is writable` };
  } catch (error) {
    return {
      check: "home",
      status: "failed",
      message: `${paths.home} cannot be used: ${(error as Error).message}`,
      action: "Make it writable for this user, or set LABYARD_HOME to another directory.",
    };
  }
}

const diskNeededGiB = { failed: 3, degraded: 10 };

async function checkDisk(paths: Paths): Promise<HostCheck> {
  const freeGiB = (await freeSpaceBytes(paths.home).catch(() => freeSpaceBytes("/"))) / 1024 ** 3;
  const message = `${freeGiB.toFixed(1)} GiB free for images and drives`;
  if (freeGiB >= diskNeededGiB.degraded) return { check: "disk", status: "ok", message };
  return {
    check: "disk",
    status: freeGiB < diskNeededGiB.failed ? "failed" : "degraded",
    message: `only ${message}; drives grow while guests write`,
    action: "Free space below the home directory or move it with LABYARD_HOME.",
  };
}

async function checkPort({ paths, port }: HostCheckOptions): Promise<HostCheck> {
  const own = await readRecord<{ endpoint: string }>(clientFile(paths)).catch(() => undefined);
  if (own !== undefined && (await answersHealth(own.endpoint))) {
    return { check: "port", status: "ok", message: `this home's server answers at ${own.endpoint}` };
  }
  try {
    await tryListening(port);
    return { check: "port", status: "ok", message: `port ${port} on loopback is free for the server` };
  } catch (error) {
    return {
      check: "port",
      status: "failed",
      message: `the server could not listen on 127.0.0.1:${port}: ${(error as Error).message}`,
      action: "Stop what listens there, or start with 'labyard serve --port PORT'.",
    };
  }
}

async function answersHealth(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/api/health`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

function tryListening(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
  });
}

async function checkAcceleration({ paths, signal }: HostCheckOptions): Promise<HostCheck[]> {
  const { kvm, tcg } = await probeAcceleration({ paths, signal, fresh: true });
  const checks: HostCheck[] = [accelerated(kvm)];
  if (tcg !== undefined) checks.push(emulated(tcg));
  return checks;
}

function accelerated({ verdict, detail }: AccelerationFinding): HostCheck {
  if (verdict === "ok") return { check: "kvm", status: "ok", message: `${detail}; machines run at full speed` };
  return {
    check: "kvm",
    status: "degraded",
    message: `${detail} (${verdict}); machines are emulated in software, about ten times slower`,
    action: kvmActions[verdict],
  };
}

const kvmActions: Record<Exclude<AccelerationFinding["verdict"], "ok">, string> = {
  "no-device":
    "Enable virtualization in the firmware, or nested virtualization where this is a virtual machine itself.",
  "no-permission": "Add this user to the group kvm, then log in again.",
  "ioctl-failed":
    "This /dev/kvm answers but does not do what QEMU needs, as on hosts whose own hypervisor offers no nested virtualization. Use another host for speed.",
  "does-not-execute":
    "Nothing on this host mends that: its /dev/kvm runs no ordinary kernel. Use another host for speed.",
};

function emulated({ verdict, detail }: AccelerationFinding): HostCheck {
  if (verdict === "ok") return { check: "emulation", status: "ok", message: detail };
  return {
    check: "emulation",
    status: "failed",
    message: `${detail}; no machine can run here`,
    action: "Check that qemu-system-x86 is complete and that the host is not overloaded.",
  };
}
