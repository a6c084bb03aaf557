import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "../../src/host/process.ts";
import { guestFacts } from "../fixtures/guest-exec.ts";
import { buildImageOf } from "../fixtures/oci-image.ts";
import { patient } from "../fixtures/patience.ts";
import { beginPlay, createPlayground, isReady, untilState } from "../fixtures/play.ts";
import { startRegistry } from "../fixtures/registry.ts";
import { type RealServer, startServer } from "../fixtures/server.ts";

// One play with a machine for each kernel line, and one for each way in which an operator brings a kernel along. The
// default line has none: every other test boots it.

/** What containers, their networks and Kubernetes ask for. */
const modules = [
  ...["overlay", "br_netfilter", "nf_conntrack", "wireguard", "ip_tables", "iptable_nat", "nf_tables", "nft_compat"],
  ...["xt_MASQUERADE", "xt_addrtype", "xt_comment", "xt_conntrack", "xt_mark", "xt_multiport", "xt_statistic"],
  ...["veth", "vxlan", "bridge", "tun", "dummy", "macvlan", "ipvlan", "ip_set", "ip_vs", "ip_vs_rr", "ip_vs_sh"],
  ...["xfs", "btrfs", "fuse", "loop", "dm_mod", "sch_htb", "cls_bpf", "nbd"],
];
const lines = ["5.10", "6.1", "6.12", "6.18"];
const own = "lab-kernel";
const local = "from-directory";

let ownRelease: string;
let server: RealServer;
let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "labyard-kernels-"));
  server = await startServer();
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

test("an operator's kernel comes from a package, a directory or an image", { timeout: patient(300_000) }, async () => {
  await using registry = await startRegistry();
  const tree = join(directory, "tree");
  const packages = join(directory, "packages");
  await mkdir(packages);
  const { stdout } = await run(["apt-cache", "--no-all-versions", "show", "linux-image-cloud-amd64"]);
  const name = /linux-image-[0-9][\w.+-]*/.exec(stdout)?.[0] as string;
  await run(["apt-get", "-q", "-o", "APT::Sandbox::User=", "download", name], { cwd: packages, timeoutMs: 300_000 });
  ownRelease = name.replace("linux-image-", "");
  const file = join(packages, (await readdir(packages))[0] as string);
  await run(["dpkg-deb", "--extract", file, tree]);
  await run(["tar", "-C", tree, "-cf", join(directory, "layer.tar"), "."]);
  await registry.push("kernels/lab", "v1", buildImageOf([await readFile(join(directory, "layer.tar"))]));

  for (const [kernel, source] of [
    ["from-package", file],
    [local, tree],
    [own, `oci://${registry.host}/kernels/lab:v1`],
  ] as const) {
    const pulled = await server.cli(["kernel", "pull", kernel, "--from", source]);
    assert.match(pulled.stdout, new RegExp(`^${kernel}: ${ownRelease}`));
  }
  const taken = await server.cli(["kernel", "pull", own, "--from", tree], { allowFailure: true });
  assert.equal(taken.exitCode, 1);
  assert.match(taken.stderr, /There is a kernel "lab-kernel" already/);
  await server.cli(["kernel", "remove", "from-package"]);
  const listed = JSON.parse((await server.cli(["kernel", "list", "--json"])).stdout) as Array<{ version: string }>;
  assert.deepEqual(
    listed.map(kernel => kernel.version),
    [...lines, local, own],
  );
  const nothing = await server.cli(["kernel", "pull", "x", "--from", packages], { allowFailure: true });
  assert.match(nothing.stderr, /no kernel image with modules of the same release/);
});

test("every kernel line and an operator's own kernels boot with what containers need", {
  timeout: patient(900_000),
}, async () => {
  const kernels = [...lines.filter(line => line !== "6.1"), local, own];
  const playground = await createPlayground(server, "small", text => withMachines(text, kernels));
  const playId = await beginPlay(server, playground);
  await untilState(server, playId, "ready", isReady, patient(600_000));
  const inUse = await server.cli(["kernel", "remove", own], { allowFailure: true });
  assert.match(inUse.stderr, new RegExp(`runs in ${playId}`));
  for (const [index, kernel] of kernels.entries()) {
    const facts = await guestFacts(
      server.client,
      playId,
      { machine: `box-${index}`, user: "root", timeoutMs: patient(300_000) },
      {
        release: "uname -r",
        modules: `modprobe --all ${modules.join(" ")} && echo done`,
        overlay: `mkdir -p /tmp/{l,u,w,m} && mount -t tmpfs none /tmp/u && mkdir /tmp/u/{u,w} &&
          mount -t overlay -o lowerdir=/etc,upperdir=/tmp/u/u,workdir=/tmp/u/w overlay /tmp/m && cat /tmp/m/hostname`,
        wireguard: "ip link add wg0 type wireguard && echo added",
      },
    );
    if (lines.includes(kernel)) assert.ok(facts.release.startsWith(`${kernel}.`), `${kernel}: ${facts.release}`);
    else assert.equal(facts.release, ownRelease, kernel);
    assert.deepEqual([facts.modules, facts.overlay, facts.wireguard], ["done", `box-${index}`, "added"], kernel);
  }
});

/** The one machine of the manifest once for each kernel, without the task. */
function withMachines(text: string, kernels: readonly string[]): string {
  const [head = "", rest = ""] = text.split("  machines:\n");
  const [machine = "", tail = ""] = rest.split("  initTasks:\n");
  const machines = kernels.map((kernel, index) =>
    machine.replace("name: box", `name: box-${index}\n      kernel: {source: "${kernel}"}`),
  );
  return `${head}  machines:\n${machines.join("")}${tail.slice(tail.indexOf("  accessControl:"))}`;
}
