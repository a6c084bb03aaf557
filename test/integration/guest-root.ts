import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { run } from "../../src/host/process.ts";
import type { MachinePlan, Plan } from "../../src/plan/plan.ts";
import { createPlayKeys, type PlayKeys } from "../../src/provisioning/keys.ts";
import { renderSeed } from "../../src/provisioning/seed.ts";
import type { Authority } from "../../src/provisioning/trust.ts";

const guest = resolve(import.meta.dirname, "../../guest");

/** Made once: keys are part of what must not change between two boots. */
export const keys: PlayKeys = createPlayKeys([{ name: "web-01" }]);

/** Only its place matters here: nothing reads it as a certificate. */
export const authority: Authority = {
  certificatePem: "-----BEGIN CERTIFICATE-----\nMIIBauthority+of+the+play/\nAAAA\n-----END CERTIFICATE-----\n",
  subjectHash: "0123abcd",
};

export const accounts = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
laborant:x:1001:1002:,,,:/home/laborant:/bin/bash
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
`;

/** An image's root directory, just large enough for the shim, on which `boot` runs the real `apply` without a VM. */
export class GuestRoot implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "labyard-guest-"));

  constructor(files: Record<string, string> = {}) {
    this.write("/etc/passwd", accounts);
    this.write("/etc/group", "root:x:0:\ndocker:x:998:laborant\nlaborant:x:1002:\n");
    this.write("/etc/shadow", "root:$y$hash:19000:0:::::\nlaborant:$y$hash:19000:0:::::\n");
    for (const shell of ["/bin/sh", "/bin/bash"]) this.write(shell, "#!/bin/sh\n", 0o755);
    this.write("/sbin/init", "#!/bin/sh\n", 0o755);
    this.write("/usr/sbin/sshd", "#!/bin/sh\n", 0o755);
    mkdirSync(this.of("/root"), { mode: 0o700 });
    for (const [path, content] of Object.entries(files)) this.write(path, content);
  }

  of(path: string): string {
    return join(this.path, path);
  }

  write(path: string, content: string, mode = 0o644): void {
    mkdirSync(dirname(this.of(path)), { recursive: true });
    writeFileSync(this.of(path), content);
    chmodSync(this.of(path), mode);
  }

  read(path: string): string {
    return readFileSync(this.of(path), "utf8");
  }

  has(path: string): boolean {
    return existsSync(this.of(path));
  }

  /** "755 1001:1002" */
  access(path: string): string {
    const { mode, uid, gid } = lstatSync(this.of(path));
    return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
  }

  /** What `init` does around `apply`: a new /run with the seed in it, then the script in a chroot. */
  async boot(
    machine: Partial<MachinePlan> = {},
    plan: Partial<Plan> = {},
    /** Programs that the initramfs has below /labyard/run. */
    programs: Record<string, string> = {},
    trusted: Authority = authority,
  ): Promise<{ ok: boolean; console: string }> {
    rmSync(this.of("/run"), { recursive: true, force: true });
    const unpacked = this.of("/run/unpacked");
    mkdirSync(unpacked, { recursive: true });
    await run(["cp", "-a", `${guest}/.`, unpacked]);
    const cpio = ["cpio", "--extract", "--make-directories", "--unconditional", "--quiet", "-D", unpacked];
    await run(cpio, { input: seed(machine, plan, trusted) });
    await run(["cp", "-a", `${unpacked}/labyard/run/.`, this.of("/run")]);
    for (const [path, content] of Object.entries(programs)) this.write(`/run/${path}`, content, 0o755);
    await run(["cp", "-a", `${unpacked}/labyard/seed`, this.of("/run/labyard/seed")]);
    await run(["cp", "/bin/busybox", this.of("/run/labyard/seed/busybox")]);
    rmSync(unpacked, { recursive: true });
    const apply = ["/run/labyard/seed/busybox", "sh", "/run/labyard/seed/apply", "6.1.0-test"];
    const result = await run(["unshare", "--mount", "--", "chroot", this.path, ...apply], {
      allowFailure: true,
      timeoutMs: 20_000,
    });
    return { ok: result.exitCode === 0, console: `${result.stdout}${result.stderr}` };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function seed(machine: Partial<MachinePlan>, plan: Partial<Plan>, trusted: Authority): Buffer {
  const web = { ...webMachine, ...machine };
  return renderSeed({
    plan: { ...play, machines: [web], ...plan },
    machine: web,
    keys,
    authority: trusted,
    driveUuids: {},
  });
}

const webMachine: MachinePlan = {
  name: "web-01",
  index: 0,
  vcpus: 1,
  memoryMiB: 512,
  requested: {},
  backend: "qemu",
  kernel: "6.1",
  users: [{ name: "laborant" }],
  defaultUser: "laborant",
  mainAddress: "172.16.0.2",
  drives: [
    {
      index: 0,
      device: "vda",
      mount: "/",
      sizeBytes: 2 ** 30,
      sizeIsExplicit: true,
      filesystem: "ext4",
      readOnly: false,
    },
  ],
  interfaces: [
    {
      name: "eth0",
      network: "local",
      bridge: "br0",
      tap: "m0e0",
      mac: "52:54:00:00:00:01",
      address: "172.16.0.2",
      prefixLength: 24,
    },
  ],
  defaultGateway: "172.16.0.1",
  nameservers: ["172.16.0.1"],
  hosts: [{ address: "172.16.0.2", names: ["web-01", "web-01.local"] }],
  startupFiles: [],
  noSSH: false,
};

const play: Plan = {
  playId: "0123456789abcdef01234567",
  playground: { name: "lab", title: "Lab" },
  networks: [
    {
      name: "local",
      bridge: "br0",
      subnet: "172.16.0.0",
      prefixLength: 24,
      gateway: "172.16.0.1",
      gatewayMac: "52:54:00:ff:00:01",
      private: false,
    },
  ],
  egress: {
    address: "192.0.2.2",
    prefixLength: 24,
    gateway: "192.0.2.1",
    dns: "192.0.2.3",
    resolver: "192.0.2.4",
    hostAddresses: [],
  },
  registry: { address: "192.0.2.5", names: ["registry.iximiuz.com"], maxBytes: 2 ** 30 },
  machines: [],
  tasks: [],
  tabs: [],
  initConditions: {},
  hasInitConditions: false,
  notices: [],
};
