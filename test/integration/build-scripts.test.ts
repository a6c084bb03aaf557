import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { DockerEngine } from "../../src/build/engine/docker.ts";
import type { Engine } from "../../src/build/engine/engine.ts";
import { PodmanEngine } from "../../src/build/engine/podman.ts";
import type { BuildEvent } from "../../src/build/build-event.ts";
import { pack, unpack } from "../../src/build/package/pack.ts";
import { dryRun, runBuild } from "../../src/build/run-build.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { createProgram } from "../../src/cli/program.ts";
import { reportFailure } from "../../src/cli/report.ts";
import { run, startChild } from "../../src/host/process.ts";
import { parseCommandSource } from "../../src/images/catalogue.ts";
import { buildLocalImage } from "../../src/images/local/local-image.ts";
import { layoutsDirectory, resolvePaths } from "../../src/store/paths.ts";
import { imageHome } from "../fixtures/image-home.ts";
import { patient } from "../fixtures/patience.ts";
import { importSmallImage, type PodmanService, startPodman } from "../fixtures/podman-service.ts";
import { startRegistry, type TestRegistry } from "../fixtures/registry.ts";
import { tarArchive } from "../fixtures/tar-archive.ts";

/** Build scripts with a real Podman, by its own API and by the one it offers in Docker's place. */

const image = { name: "localhost/small", tag: "1" };
const repository = join(import.meta.dirname, "../..");
let service: PodmanService;
let registry: TestRegistry;
let home: string;
before(
  async () => {
    service = await startPodman();
    registry = await startRegistry();
    home = await mkdtemp(join(tmpdir(), "labyard-build-"));
    await importSmallImage(service, "localhost/small:1");
    await service.podman("push", "--tls-verify=false", "localhost/small:1", `${registry.host}/lab/small:1`);
  },
  { timeout: patient(60_000) },
);
after(async () => {
  await service[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

const paths = () => ({ home, runtime: join(home, "run") });
const context = (signal = new AbortController().signal) => ({
  paths: paths(),
  env: process.env,
  uid: 0,
  allowHostVolumes: false,
  signal,
});

interface ScriptParts {
  version?: 2;
  filesystem?: string;
  container?: string;
  image?: string;
  engine?: "Docker" | "Podman";
  rest?: string;
}

function scriptOf(parts: ScriptParts): string {
  return `${parts.version === undefined ? "" : "version = 2\n"}${parts.filesystem ?? "[filesystem]\nsize_mib = 64"}
[container]
engine = "${parts.engine ?? "Podman"}"
connection_uri = "unix://${service.socket}"
image = ${parts.image ?? `{ name = "${image.name}", tag = "${image.tag}" }`}
${parts.container ?? ""}
${parts.rest ?? ""}
`;
}

const all = '[export.directories]\ninclude = ["/bin", "/sbin", "/etc", "/home"]\ncreate = ["/proc", "/tmp"]\n';
const inline = (script: string) => `[[commands]]\nscript_inline = '''#!/bin/sh\n${script}\n'''\n`;

async function write(text: string, name = "s.toml"): Promise<string> {
  const path = join(home, name);
  await writeFile(path, text);
  return path;
}

async function build(packagePath: string, name = "out.img", options: { allowHostVolumes?: boolean } = {}) {
  const output = join(home, name);
  const events: BuildEvent[] = [];
  await runBuild({ ...context(), ...options, packagePath, output, onEvent: event => events.push(event) });
  const said = events.map(event => (event.kind === "output" ? event.bytes.toString() : "")).join("");
  return { output, said, events };
}

async function debugfs(drive: string, command: string): Promise<string> {
  const { stdout, stderr } = await run(["debugfs", "-R", command, drive], {
    env: { ...process.env, DEBUGFS_PAGER: "cat" },
  });
  return stdout || stderr;
}

async function assertNothingLeft(): Promise<void> {
  assert.equal((await service.podman("ps", "--all", "--quiet")).trim(), "");
  assert.deepEqual(await readdir(join(home, "builds")), []);
  assert.deepEqual(
    (await readdir(home)).filter(name => name.includes("partial")),
    [],
  );
}

for (const name of ["Podman", "Docker"] as const) {
  describe(`the contract of an engine: ${name}`, () => {
    const signal = AbortSignal.timeout(patient(60_000));
    const engineOf = (): Engine =>
      name === "Podman"
        ? new PodmanEngine({ socketPath: service.socket })
        : new DockerEngine({ socketPath: service.socket });
    const spec = (labels: Record<string, string>) => ({
      image: { reference: "localhost/small:1", platform: undefined },
      argv: ["/bin/sh", "-c", 'trap "exit 0" TERM; while :; do sleep 100 & wait $!; done'],
      env: { OUTER: "o" },
      labels,
      mounts: [],
      privileged: false,
      hostname: "builder",
      ociRuntime: undefined,
      capAdd: [],
      capDrop: [],
      timeoutSeconds: undefined,
    });

    test("images are found or not, and pulled with progress", async () => {
      const engine = engineOf();
      await engine.ping(signal);
      const found = await engine.findImage({ reference: "localhost/small:1", platform: "linux/amd64" }, signal);
      assert.ok(found?.createdSeconds);
      assert.ok((found.sizeBytes ?? 0) > 1_000_000);
      assert.equal(
        await engine.findImage({ reference: "localhost/small:1", platform: "linux/s390x" }, signal),
        undefined,
      );
      assert.equal(await engine.findImage({ reference: "localhost/none:1", platform: undefined }, signal), undefined);
      if (name === "Docker") return; // Its stand-in asks every registry for TLS; Docker itself does not on loopback.
      const pulled = { reference: `${registry.host}/lab/small:1`, platform: undefined };
      const lines: string[] = [];
      await engine.pull(pulled, line => lines.push(line), signal);
      assert.ok(lines.length > 0);
      assert.ok(await engine.findImage(pulled, signal));
    });

    test("a pull that fails says why", async () => {
      const missing = { reference: `${registry.host}/lab/none:1`, platform: undefined };
      await assert.rejects(
        engineOf().pull(missing, () => undefined, signal),
        { code: "build/pull-failed", message: /lab\/none:1/ },
      );
    });

    test("a container waits, executes, is exported and goes; the checks of its image do not run", async () => {
      const engine = engineOf();
      const id = await engine.create(spec({ "labyard.test": name }), signal);
      try {
        await engine.start(id, signal);
        const asked = await service.podman("inspect", "--format", "{{json .Config.Healthcheck}}", id);
        assert.deepEqual((JSON.parse(asked) as { Test: string[] }).Test, ["NONE"]);
        const said = { stdout: "", stderr: "" };
        const exec = (argv: string[], more = {}) =>
          engine.exec(
            id,
            { argv, env: { INNER: "i" }, workingDirectory: undefined, user: undefined, privileged: false, ...more },
            (stream, bytes) => (said[stream] += bytes.toString()),
            signal,
          );
        assert.equal(await exec(["/bin/sh", "-c", "echo out $OUTER $INNER; echo err >&2; id -u; pwd; exit 7"]), 7);
        assert.deepEqual(said, { stdout: "out o i\n0\n/\n", stderr: "err\n" });
        said.stdout = "";
        assert.equal(
          await exec(["/bin/sh", "-c", "id -u; id -g; pwd"], { user: "1000:5", workingDirectory: "/tmp" }),
          0,
        );
        assert.equal(said.stdout, "1000\n5\n/tmp\n");
        await assert.rejects(
          async () => {
            const code = await exec(["/bin/none"]);
            // Some engines answer a program that does not exist with the code a shell would.
            if (code === 126 || code === 127)
              throw Object.assign(new Error("not found"), { code: "build/command-failed" });
          },
          { code: "build/command-failed" },
        );
        await engine.stop(id, 5, signal);
        let bytes = 0;
        for await (const chunk of await engine.export(id, signal)) bytes += (chunk as Buffer).length;
        assert.ok(bytes > 1_000_000);
        const found = await engine.list("labyard.test", name, signal);
        assert.deepEqual(
          found.map(each => each.labels["labyard.test"]),
          [name],
        );
      } finally {
        await engine.remove(id, signal);
      }
      await engine.remove(id, signal);
      assert.deepEqual(await engine.list("labyard.test", name, signal), []);
    });
  });
}

test("B1: a command that fails ends the build, with its place and its output", async () => {
  const script = await write(
    scriptOf({ rest: `${all}[[commands]]\ncommand = "true"\n${inline("echo before; echo oops >&2; exit 3")}` }),
  );
  await assert.rejects(build(script), (error: Error & { code: string; where: object; details: string[] }) => {
    assert.equal(error.code, "build/command-failed");
    assert.match(error.message, /commands\[1\].*exit code 3/);
    assert.deepEqual(error.where, { path: "commands[1]", line: 13, column: 1 });
    assert.deepEqual(error.details.toSorted(), ["before", "oops"]);
    return true;
  });
  await assert.rejects(stat(join(home, "out.img")));
  await assertNothingLeft();
});

test("B2, B3, B4, B5, B6, B11, B12, B16: what is exported is all there, overlays win, twice is the same", async () => {
  const resolv =
    '[[overlays]]\nsource_inline = "nameserver 9.9.9.9\\n"\ndestination = "/etc/resolv.conf"\nmounted = true\n';
  const commands = `${inline("cat /etc/resolv.conf")}${inline("cat /etc/resolv.conf")}
[[commands]]
uid = 1000
working_dir = "/home/user"
env = { WORD = "hi" }
script_inline = '''#!/bin/sh
id -u; pwd; echo $WORD > made
'''
${inline("mkdir /etc/dev; mknod /etc/dev/null c 1 3; mknod /etc/dev/pipe p")}`;
  const script = await write(
    scriptOf({ container: 'env = { A = "1" }\nhostname = "h"', rest: `${all}${resolv}${commands}` }),
  );
  const first = await build(script);
  assert.equal(first.said, "nameserver 9.9.9.9\nnameserver 9.9.9.9\n1000\n/home/user\n");
  await run(["e2fsck", "-fn", first.output]);
  assert.match(await debugfs(first.output, "stat /bin/su"), /Mode:\s+04755[\s\S]*Links: 2/);
  assert.match(await debugfs(first.output, "ea_list /bin/ping"), /security\.capability/);
  assert.match(await debugfs(first.output, "stat /home/user/made"), /User:\s+1000\s+Group:\s+1000/);
  assert.match(await debugfs(first.output, "stat /tmp"), /Mode:\s+01777/);
  assert.match(await debugfs(first.output, "stat /etc/dev/null"), /Type: character special[\s\S]*01:03/);
  assert.match(await debugfs(first.output, "stat /etc/dev/pipe"), /Type: FIFO/);
  assert.equal(await debugfs(first.output, "cat /etc/resolv.conf"), "nameserver 9.9.9.9\n");
  assert.match(await debugfs(first.output, "stat /__scripts"), /not found/);
  const { blocks, size } = await stat(first.output);
  assert.ok(blocks * 512 < size / 2, "the image is sparse");
  const second = await build(script, "out2.img");
  assert.ok((await readFile(first.output)).equals(await readFile(second.output)));
  const docker = await build(
    await write(
      scriptOf({
        engine: "Docker",
        container: 'env = { A = "1" }\nhostname = "h"',
        rest: `${all}${resolv}${commands}`,
      }),
    ),
    "out3.img",
  );
  assert.ok((await readFile(first.output)).equals(await readFile(docker.output)), "both engines make the same image");
  await assertNothingLeft();
});

test("a package of each kind is checked, run and unpacked; owners come from an archive only", async () => {
  const source = join(home, "package");
  await mkdir(join(source, "tree/sub"), { recursive: true });
  await writeFile(join(source, "setup.sh"), "#!/bin/sh\ncat /mnt/data; echo ran > /etc/ran\n");
  await writeFile(join(source, "data"), "volume\n");
  await writeFile(join(source, "motd"), "hello\n");
  await writeFile(join(source, "tree/sub/file"), "x");
  await chmod(join(source, "tree/sub/file"), 0o4711);
  await symlink("sub/file", join(source, "tree/link"));
  const rest = `volumes = { "/data" = "/mnt/data" }
[[commands]]
script_path = "/setup.sh"
[[overlays]]
source = "/motd"
destination = "/etc/motd"
[[overlays]]
source = "/tree"
is_directory = true
destination = "/etc"
${all}`;
  const script = join(source, "build.toml");
  await writeFile(script, scriptOf({ rest }));
  let expected: Buffer | undefined;
  for (const kind of ["directory", "tar", "tar-gz"] as const) {
    const packed = join(home, `packed-${kind}`);
    const work = join(home, `work-${kind}`);
    await mkdir(work);
    await pack({ source: script, destination: packed, kind, workDirectory: work });
    const { findings } = await dryRun(packed, context());
    assert.deepEqual(findings, []);
    const { output, said } = await build(packed, `${kind}.img`);
    assert.equal(said, "volume\n");
    assert.equal(await debugfs(output, "cat /etc/motd"), "hello\n");
    assert.match(await debugfs(output, "stat /etc/sub/file"), /Mode:\s+04711/);
    assert.match(await debugfs(output, "stat /etc/link"), /Fast link dest: "sub\/file"/);
    const bytes = await readFile(output);
    expected ??= bytes;
    assert.ok(bytes.equals(expected), "the kind of package makes no difference");
    if (kind === "directory") continue;
    await rm(work, { recursive: true });
    await mkdir(work);
    await unpack({ source: packed, destination: join(home, `un-${kind}`), workDirectory: work });
    assert.deepEqual((await dryRun(join(home, `un-${kind}`), context())).findings, []);
  }
  await assertNothingLeft();
});

test("B15: an archive says who owns what it brings; without it that is root", async () => {
  const rest = `[[overlays]]\nsource = "/d"\nis_directory = true\ndestination = "/srv"\n`;
  const members = [
    { name: "build.toml", content: scriptOf({ rest }) },
    { name: "d/", uid: 41 },
    { name: "d/file", content: "x", uid: 42, gid: 43, mode: 0o2755 },
  ];
  const path = join(home, "owned.tar");
  await writeFile(path, tarArchive(members));
  const { output } = await build(path);
  assert.match(await debugfs(output, "stat /srv"), /User:\s+41/);
  assert.match(await debugfs(output, "stat /srv/file"), /Mode:\s+02755[\s\S]*User:\s+42\s+Group:\s+43/);
});

test("the example of a minimal Debian with systemd and DNS builds twice to the same image, which could boot", async () => {
  const host = resolvePaths(process.env, process.getuid?.() ?? 0);
  await buildLocalImage("debian-12", { paths: host });
  const layout = join(layoutsDirectory(host), "debian-12");
  const target = `docker://${registry.host}/lab/debian:12`;
  const timeoutMs = patient(120_000);
  await run(["skopeo", "copy", "--quiet", "--dest-tls-verify=false", `oci:${layout}:latest`, target], { timeoutMs });
  const script = await write(
    scriptOf({
      filesystem: '[filesystem]\ntype = "Ext4"\nsize_mib = 1024\nblock_size_mib = 16',
      image: `{ name = "${registry.host}/lab/debian", tag = "12" }`,
      rest: `[[commands]]
script_inline = """#!/bin/bash
set -e
systemctl enable systemd-networkd
passwd -d root
"""
[[overlays]]
source_inline = "nameserver 9.9.9.9\\n"
destination = "/etc/resolv.conf"
[export.files]
create = ["/etc/machine-id"]
[export.directories]
include = ["/bin", "/etc", "/home", "/lib", "/lib64", "/root", "/sbin", "/usr", "/var"]
create = ["/boot", "/dev", "/proc", "/run", "/sys", "/tmp"]
`,
    }),
  );
  const { output, events } = await build(script, "debian.img");
  await run(["e2fsck", "-fn", output], { timeoutMs });
  assert.equal(await debugfs(output, "cat /etc/resolv.conf"), "nameserver 9.9.9.9\n");
  assert.match(await debugfs(output, "stat /usr/bin/sudo"), /Mode:\s+04755/);
  assert.match(await debugfs(output, "stat /usr/bin/su"), /Mode:\s+04755/);
  assert.match(await debugfs(output, "ea_list /usr/bin/ping"), /security\.capability/);
  assert.match(await debugfs(output, "stat /home/laborant"), /User:\s+1001\s+Group:\s+1001/);
  assert.match(
    await debugfs(output, "stat /etc/systemd/system/multi-user.target.wants/systemd-networkd.service"),
    /symlink/,
  );
  // No word about a missing init.
  assert.deepEqual(
    events.filter(event => event.kind === "warning"),
    [],
  );
  const again = await build(script, "debian2.img");
  await run(["cmp", output, again.output], { timeoutMs });
});

test("version 2: whole root, automatic size, names of users, a shell, owners of overlays, every output", async () => {
  const rest = `[[commands]]
command = "id -un > /tmp/who && id -gn >> /tmp/who"
shell = true
user = "user:root"
[[overlays]]
source_inline = "#!/bin/sh\\n"
destination = "/bin/tool"
mode = "4750"
uid = 7
gid = 8
`;
  const auto =
    '[filesystem]\nsize = "auto"\nmkfs_args = ["-L", "LAB", "-U", "00112233-4455-6677-8899-aabbccddeeff", "-m", "1"]';
  const { output } = await build(await write(scriptOf({ version: 2, filesystem: auto, rest })));
  await run(["e2fsck", "-fn", output]);
  assert.equal(await debugfs(output, "cat /tmp/who"), "user\nroot\n");
  assert.match(await debugfs(output, "stat /bin/tool"), /Mode:\s+04750[\s\S]*User:\s+7\s+Group:\s+8/);
  const { stdout } = await run(["dumpe2fs", "-h", output]);
  assert.match(stdout, /volume name:\s+LAB[\s\S]*UUID:\s+00112233-4455-6677-8899-aabbccddeeff/);
  for (const marker of ["/.dockerenv", "/run/.containerenv"])
    assert.match(await debugfs(output, `stat ${marker}`), /not found/);

  const tarball = await build(
    await write(scriptOf({ version: 2, filesystem: "", rest: `${rest}[output]\nformat = "tarball"` })),
    "out.tar.gz",
  );
  const listed = await run(["tar", "--numeric-owner", "-tvzf", tarball.output]);
  assert.match(listed.stdout, /-rwsr-x--- 7\/8 .* bin\/tool/);

  const oci = await build(
    await write(scriptOf({ version: 2, filesystem: "", rest: `${rest}[output]\nformat = "oci"` })),
    "layout",
  );
  await run(["skopeo", "inspect", `oci:${oci.output}:latest`]);
  await using cache = await imageHome();
  assert.match(await cache.pull(await parseCommandSource(oci.output)), /^sha256:/);
  await run(["umoci", "unpack", "--image", `${oci.output}:latest`, join(home, "unpacked")]);
  assert.equal(((await stat(join(home, "unpacked/rootfs/bin/tool"))).mode & 0o7777).toString(8), "4750");
  await assertNothingLeft();
});

test("B10: squashfs and vfat work; vfat says what it would lose", async () => {
  const squash = scriptOf({
    filesystem: '[filesystem]\ntype = "Squashfs"\nsize_mib = 8\nmkfs_args = ["-comp", "zstd"]',
    rest: all,
  });
  const one = await build(await write(squash), "one.squashfs");
  const two = await build(await write(squash), "two.squashfs");
  assert.ok((await readFile(one.output)).equals(await readFile(two.output)));
  assert.equal((await stat(one.output)).size, 8 * 2 ** 20);
  const listed = await run(["unsquashfs", "-lln", one.output]);
  assert.match(listed.stdout, /^-rwsr-xr-x 0\/0 .*squashfs-root\/bin\/su$/m);
  assert.match(listed.stdout, /drwxr-xr-x 1000\/1000 .*home\/user/);

  const boot = '[[overlays]]\nsource_inline = "title x\\n"\ndestination = "/loader/entries/long name.conf"\n';
  const vfat = scriptOf({
    filesystem: '[filesystem]\ntype = "Vfat"\nsize_mib = 16\nmkfs_args = ["-n", "ESP"]',
    rest: boot,
  });
  const esp = await build(await write(vfat), "one.vfat");
  const again = await build(await write(vfat), "two.vfat");
  assert.ok((await readFile(esp.output)).equals(await readFile(again.output)));
  assert.equal((await run(["mtype", "-i", esp.output, "::/loader/entries/long name.conf"])).stdout, "title x\n");
  await run(["fsck.fat", "-n", esp.output]);
  const lossy = scriptOf({ filesystem: '[filesystem]\ntype = "Vfat"\nsize_mib = 16', rest: `${boot}${all}` });
  await assert.rejects(build(await write(lossy), "no.vfat"), { code: "build/lossy" });
  const accepted = scriptOf({
    version: 2,
    filesystem: '[filesystem]\ntype = "Vfat"\nsize_mib = 16\nlossy = true',
    rest: `${boot}${all}`,
  });
  const { events, output } = await build(await write(accepted), "yes.vfat");
  assert.ok(events.some(event => event.kind === "warning" && /\/bin\/sh is a symlink/.test(event.message)));
  await run(["fsck.fat", "-n", output]);
  await assertNothingLeft();
});

test("what does not fit, and who cannot make it, is said; nothing is left", async () => {
  const small = scriptOf({ filesystem: "[filesystem]\nsize_mib = 2", rest: all });
  await assert.rejects(build(await write(small), "x"), { code: "build/too-small", message: /at least/ });
  const xfs = scriptOf({ filesystem: '[filesystem]\ntype = "Xfs"\nsize_mib = 400', rest: all });
  await assert.rejects(build(await write(xfs), "x"), { code: "image/unsupported-filesystem" });
  const missing = scriptOf({ rest: '[export.files]\ninclude = ["/etc/nope", "/bin"]' });
  await assert.rejects(build(await write(missing), "x"), {
    code: "build/bad-value",
    message: /\/etc\/nope does not exist/,
  });
  const never = scriptOf({ version: 2, container: 'pull = "never"', image: '{ name = "localhost/none", tag = "1" }' });
  await assert.rejects(build(await write(never), "x"), { code: "build/pull-failed" });
  const invalid = await write(scriptOf({ rest: "[[commands]]\n" }));
  await assert.rejects(build(invalid, "x"), { code: "build/script-invalid" });
  await assert.rejects(build(await write(scriptOf({ rest: all })), "missing/x"), {
    code: "build/destination-unusable",
  });
  await assertNothingLeft();
});

test("B13: a build that is cancelled leaves nothing; what a killed one leaves, the next takes away", async () => {
  const script = await write(scriptOf({ rest: `${all}${inline("echo running; sleep 100")}` }), "slow.toml");
  const abort = new AbortController();
  const cancelled = runBuild({
    ...context(abort.signal),
    packagePath: script,
    output: join(home, "never.img"),
    onEvent: event => {
      if (event.kind === "output") abort.abort(new Error("enough"));
    },
  });
  await assert.rejects(cancelled, /enough/);
  await assertNothingLeft();

  const node = join(repository, "node_modules/.bin/node");
  const child = await startChild(
    [node, join(repository, "src/main.ts"), "rootfs", "run", script, "-o", join(home, "never.img")],
    {
      env: { ...process.env, LABYARD_HOME: home },
    },
  );
  const deadline = Date.now() + patient(30_000);
  while ((await service.podman("ps", "--quiet")).trim() === "" || !child.stderrTail().includes("Executing")) {
    assert.ok(Date.now() < deadline, child.stderrTail());
    await delay(100);
  }
  process.kill(child.pid, "SIGKILL");
  await child.exited;
  assert.notEqual((await service.podman("ps", "--quiet")).trim(), "");
  await build(await write(scriptOf({ rest: all })));
  await assertNothingLeft();
});

/** `labyard rootfs …` in this process: what it said and its exit code. */
async function rootfs(...args: string[]) {
  const said = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof said) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        said[name] += chunk.toString();
        done();
      },
    }) as NodeJS.WriteStream;
  const cli: CliContext = {
    ...{ programName: "labyard", env: process.env, paths: paths(), stdin: process.stdin, exitCode: 0 },
    ...{ stdout: sink("stdout"), stderr: sink("stderr"), signal: new AbortController().signal },
  };
  let code: number;
  try {
    const program = await createProgram(cli, "rootfs");
    await program.parseAsync(["node", "labyard", "rootfs", ...args]);
    code = cli.exitCode;
  } catch (error) {
    code = reportFailure(error, cli);
  }
  return { ...said, code };
}

test("the command line: pack, unpack, dry-run", async () => {
  const source = join(home, "cli");
  await mkdir(source);
  await writeFile(join(source, "setup.sh"), "#!/bin/sh\ntrue\n", { mode: 0o755 });
  const text = scriptOf({ rest: `${all}[[commands]]\nscript_path = "/setup.sh"\n` });
  const script = join(source, "lab.toml");
  await writeFile(script, text);
  const packed = join(home, "cli.bin");
  const unpacked = join(home, "cli-unpacked");

  assert.deepEqual(await rootfs("pack", script, packed, "-t", "tar-gz"), {
    stdout: `${packed}\n`,
    stderr: "",
    code: 0,
  });
  assert.equal((await readFile(packed)).readUInt16BE(), 0x1f8b);
  assert.deepEqual(await rootfs("unpack", packed, unpacked), { stdout: `${unpacked}\n`, stderr: "", code: 0 });
  assert.deepEqual((await readdir(unpacked)).sort(), ["build.toml", "setup.sh"]);
  assert.equal(await readFile(join(unpacked, "build.toml"), "utf8"), text);
  for (const kind of ["directory", "tar"]) {
    const destination = join(home, `cli-${kind}`);
    assert.equal((await rootfs("pack", script, destination, "--type", kind)).code, 0);
    assert.equal((await stat(destination)).isDirectory(), kind === "directory");
  }
  const alone = await rootfs("pack", script, join(home, "alone"), "-t", "build-script");
  assert.equal(alone.code, 1);
  assert.match(alone.stderr, /"\/setup\.sh": a single script cannot carry it/);
  assert.equal((await rootfs("pack", script, join(home, "none"))).code, 1);
  assert.match((await rootfs("pack", script, join(home, "none"), "-t", "zip")).stderr, /Allowed choices are tar-gz/);
  await assert.rejects(stat(join(home, "none")));

  assert.deepEqual(await rootfs("dry-run", unpacked), { stdout: `${unpacked}: can run\n`, stderr: "", code: 0 });
  const broken = await write(text.replace("size_mib = 64", "size_mib = 0"), "broken.toml");
  const judged = await rootfs("dry-run", broken);
  assert.equal(judged.code, 1);
  assert.equal(judged.stdout, `${broken}: 2 errors\n`);
  assert.match(
    judged.stderr,
    /broken\.toml:2:1: error: size_mib is 0 \[build\/bad-value\]\n.*\[build\/missing-reference\]/,
  );
  // Whether the engine answers is said beside what is to be said of the script.
  const away = await write(scriptOf({}).replace(service.socket, "/nowhere.sock"), "away.toml");
  const unanswered = await rootfs("dry-run", away);
  assert.deepEqual([unanswered.code, unanswered.stdout], [1, `${away}: 1 error\n`]);
  assert.match(unanswered.stderr, /away\.toml: warning: .*\[build\/doubtful\]/);
  assert.match(
    unanswered.stderr,
    /away\.toml:5:1: error: Podman is not there: \/nowhere\.sock does not exist \[build\/engine-unreachable\]/,
  );
  const unpackedScript = await rootfs("unpack", script, join(home, "none"));
  assert.match(unpackedScript.stderr, /there is nothing to unpack/);
});

test("the command line: run and the options before it", async () => {
  const output = join(home, "cli.img");
  const talking = await write(scriptOf({ rest: `${all}${inline("echo said; echo complained >&2")}` }), "talking.toml");
  const open = await rootfs("-l", "debug", "-A", "4", "-B", "512", "run", talking, "-o", output);
  assert.equal(open.code, 0, open.stderr);
  assert.equal(open.stdout, "said\n");
  assert.match(open.stderr, /^info: Preparing package$/m);
  assert.match(open.stderr, /^complained$/m);
  assert.match(open.stderr, /^debug: Writing: 100 %$/m);
  await run(["e2fsck", "-fn", output]);
  await rm(output);

  const outside = join(home, "outside");
  await mkdir(outside);
  await writeFile(join(outside, "word"), "of this host\n");
  const volumes = await write(
    scriptOf({
      container: `volumes = { "${outside}" = "/mnt/outside:ro" }`,
      rest: `${all}${inline("echo said; cat /mnt/outside/word > /etc/word")}`,
    }),
    "volumes.toml",
  );
  const refused = await rootfs("run", volumes, "-o", output);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /volumes\.toml:\d+:\d+: error: .*\[build\/missing-reference\]\n.*--allow-host-volumes/);
  assert.equal((await rootfs("dry-run", volumes)).code, 1);
  assert.equal((await rootfs("dry-run", volumes, "--allow-host-volumes")).code, 0);
  const quiet = await rootfs("-e", "-l", "info", "run", volumes, "-o", output, "--allow-host-volumes");
  assert.deepEqual({ ...quiet, stderr: "" }, { stdout: "", stderr: "", code: 0 });
  assert.match(quiet.stderr, /^info: Finished /m);
  assert.doesNotMatch(quiet.stderr, /^said$|^debug:/m);
  assert.equal(await debugfs(output, "cat /etc/word"), "of this host\n");
  await rm(output);

  const failing = await write(scriptOf({ rest: `${all}${inline("echo first; echo last; exit 3")}` }), "failing.toml");
  const failed = await rootfs("--no-exec-logs", "--log-level", "error", "run", failing, "--output", output);
  assert.equal(failed.stdout, "");
  assert.match(failed.stderr, /^labyard: commands\[0\] .*exit code 3.*\n {2}first\n {2}last\n$/);
  assert.equal(failed.code, 1);
  await assert.rejects(stat(output));

  assert.match((await rootfs("run", talking)).stderr, /required option '-o, --output <path>' not specified/);
  for (const wrong of [
    ["-A", "foo"],
    ["--async-threads", "1.5"],
    ["-B", "0"],
    ["-l", "loud"],
  ]) {
    const { code, stderr } = await rootfs(...wrong, "dry-run", talking);
    assert.equal(code, 1);
    assert.match(stderr, /^error: option .* is invalid/);
  }
  const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as { version: string };
  assert.deepEqual(await rootfs("--version"), { stdout: `${version}\n`, stderr: "", code: 0 });
  await assertNothingLeft();
});

test("an engine that lies, stalls or breaks off ends in one problem", async () => {
  type Answer = (request: IncomingMessage, response: ServerResponse) => void;
  let answer: Answer = () => undefined;
  const socketPath = join(home, "fake.sock");
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>(resolve => server.listen(socketPath, resolve));
  const engine = new DockerEngine({ socketPath });
  const { signal } = new AbortController();
  const pulled = { reference: "a:1", platform: undefined };
  const spec = { argv: ["x"], env: {}, workingDirectory: undefined, user: undefined, privileged: false };
  const exec = (over: (path: string) => [number, string | Buffer] | undefined) => {
    answer = (request, response) => {
      const path = request.url ?? "";
      const [status, body] = over(path) ?? (path.endsWith("/start") ? [200, ""] : [201, '{"Id":"e"}']);
      response.writeHead(status).end(body);
    };
    return engine.exec("c", spec, () => undefined, signal);
  };
  try {
    for (const [versions, asked] of [
      [{ ApiVersion: "1.41", MinAPIVersion: "1.24" }, "/v1.41/"],
      [{ ApiVersion: "1.52", MinAPIVersion: "1.44" }, "/v1.46/"],
      [{ ApiVersion: "1.60", MinAPIVersion: "1.50" }, "/v1.50/"],
    ] as const) {
      let seen = "";
      answer = (request, response) => {
        seen = request.url ?? "";
        response.writeHead(seen === "/version" ? 200 : 404).end(JSON.stringify(versions));
      };
      await engine.ping(signal);
      await engine.findImage(pulled, signal);
      assert.ok(seen.startsWith(asked), seen);
    }
    answer = (_request, response) => response.writeHead(200).end('{"status":"a"}\n{"error":"no space left"}\n');
    await assert.rejects(
      engine.pull(pulled, () => undefined, signal),
      { code: "build/pull-failed", message: /no space left/ },
    );
    answer = (_request, response) => response.writeHead(200).end("<html>");
    await assert.rejects(
      engine.pull(pulled, () => undefined, signal),
      { code: "build/engine-failed" },
    );
    await assert.rejects(
      exec(path => (path.endsWith("/json") ? [200, '{"ExitCode":null,"Running":true}'] : undefined)),
      {
        code: "build/engine-failed",
        message: /exit code/,
      },
    );
    await assert.rejects(
      exec(path => (path.endsWith("/start") ? [200, Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 65])] : undefined)),
      {
        code: "build/engine-failed",
        message: /inside a frame/,
      },
    );
    await assert.rejects(
      exec(path => (path.endsWith("/start") ? [200, "plain text"] : undefined)),
      { code: "build/engine-failed" },
    );
    await assert.rejects(
      exec(path => (path.endsWith("/exec") ? [500, '{"message":"broken"}'] : undefined)),
      { message: /broken/ },
    );
    answer = request => request.socket.destroy();
    await assert.rejects(engine.ping(signal), { code: "build/engine-unreachable" });
    answer = () => undefined;
    await assert.rejects(engine.start("c", AbortSignal.timeout(100)), { name: "TimeoutError" });
  } finally {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
});
