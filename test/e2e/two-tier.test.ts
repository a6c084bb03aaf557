import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Problem } from "../../src/api/problems.ts";
import { run, startChild } from "../../src/host/process.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { identityFile, planFile, playsDirectory } from "../../src/store/paths.ts";
import { readRecord } from "../../src/store/play-records.ts";
import { askNameServer, lastAddress, reach } from "../fixtures/guest-dns.ts";
import { guestExec, guestFacts, guestSays } from "../fixtures/guest-exec.ts";
import { getPort } from "../fixtures/http-port.ts";
import { assertNothingLeft, findRole, networkNamespaces } from "../fixtures/leftovers.ts";
import { listeners } from "../fixtures/listening.ts";
import { patient } from "../fixtures/patience.ts";
import { startCli } from "../fixtures/running-cli.ts";
import { type RealServer, startServer } from "../fixtures/server.ts";
import { tcpServer } from "../fixtures/tunnel-client.ts";
import { viewTerminal } from "../fixtures/terminal.ts";

// The example as a user meets it: the command lines of the README, then every promise of the manifest checked from
// inside the machines. One play serves all of it.

const example = join(import.meta.dirname, "../../examples/two-tier.yaml");
const startMs = patient(600_000);
const floodMs = patient(240_000);

describe("examples/two-tier.yaml", { timeout: patient(900_000) }, () => {
  let server: RealServer;
  let playground = "";
  let playId = "";
  let plan: Plan;

  before(async () => {
    server = await startServer();
  });
  after(() => server?.[Symbol.asyncDispose]());

  /** A command of ours that runs until it is stopped. */
  const says = (machine: string, command: string, user = "root") =>
    guestSays(server.client, playId, { machine, user, command });
  const facts = <Name extends string>(machine: string, commands: Record<Name, string>, user = "root") =>
    guestFacts(server.client, playId, { machine, user }, commands);

  test("doctor tells for every check whether it is ok, degraded or failed, and what to do", async () => {
    const { stdout, exitCode } = await server.cli(["doctor", "--json"], {
      allowFailure: true,
      timeoutMs: patient(180_000),
    });
    const { status, findings } = JSON.parse(stdout) as {
      status: string;
      findings: Array<{ check: string; status: string; message: string; action?: string }>;
    };
    assert.notEqual(status, "failed", stdout);
    assert.equal(exitCode, 0);
    for (const finding of findings) {
      assert.match(finding.status, /^(ok|degraded|failed)$/);
      assert.ok(finding.message.length > 5, JSON.stringify(finding));
      if (finding.status !== "ok") assert.ok(finding.action, `no advice: ${JSON.stringify(finding)}`);
    }
    for (const check of ["node", "qemu-system-x86_64", "disk", "port", "kvm"]) {
      assert.ok(
        findings.some(finding => finding.check === check),
        `no check "${check}" in ${stdout}`,
      );
    }
  });

  test("the example is checked and becomes a playground with a name of its own", async () => {
    const checked = await server.cli(["manifest", "check", example]);
    assert.match(checked.stdout, /two-tier\.yaml: valid/);
    const created = await server.cli(["playground", "create", "two-tier", "--base", "flexbox", "-f", example]);
    assert.match(created.stdout, /^two-tier-[0-9a-f]{8}\n$/);
    playground = created.stdout.trim();
  });

  test("a dumped manifest can be given back and stays the same", async () => {
    const dump = async () => {
      const { stdout } = await server.cli(["playground", "manifest", playground]);
      return stdout.replace(/^updatedAt: .*\n/m, "");
    };
    const first = await dump();
    assert.match(first, /^kind: playground$/m);
    await server.cli(["playground", "update", playground, "-f", "-"], { input: first });
    assert.equal(await dump(), first);
  });

  test("a start parameter that is not allowed is refused before anything starts", async () => {
    const start = (condition: string) =>
      server.cli(["playground", "start", playground, "-i", condition], { allowFailure: true });
    const option = await start("flavor=apache");
    assert.equal(option.exitCode, 1);
    assert.match(option.stderr, /"flavor" must be one of: nginx, busybox \(got "apache"\)/);
    const pattern = await start("greeting=<script>");
    assert.equal(pattern.exitCode, 1);
    assert.match(pattern.stderr, /"greeting" must match/);
    await assert.rejects(
      server.client.createPlay({ playground, initConditions: { flavour: "nginx" } }),
      (problem: Problem) => problem.spec.status === 400 && /Did you mean "flavor"/i.test(problem.message),
    );
    assert.deepEqual(await readdir(playsDirectory(server.paths)).catch(() => []), []);
    assert.deepEqual(await server.client.listPlays("any"), []);
  });

  test("start shows progress and prints the play's id when all is done", async () => {
    const { stdout, stderr } = await server.cli(["playground", "start", playground, "-i", "flavor=nginx"], {
      timeoutMs: startMs,
    });
    assert.match(stdout, /^[0-9a-f]{24}\n$/);
    playId = stdout.trim();
    for (const line of [
      /^STARTING /m,
      /^web-01: starting the kernel$/m,
      /^web-01: ready$/m,
      /^db-01: ready$/m,
      /^task init_package on web-01: running$/m,
      /^task init_app_nginx on web-01: completed$/m,
    ]) {
      assert.match(stderr, line);
    }
    plan = (await readRecord<Plan>(planFile(server.paths, playId))) as Plan;
  });

  test("ssh runs a command and ends as it did", async () => {
    const ssh = (args: string[]) => server.cli(["ssh", playId, ...args], { allowFailure: true });
    const [hostname, who, failing, unknown] = await Promise.all([
      ssh(["-m", "web-01", "--", "hostname"]),
      ssh(["-m", "db-01", "-u", "root", "--", "id", "-un"]),
      ssh(["--", "echo out; echo err >&2; exit 7"]),
      ssh(["-m", "web-01", "-u", "nobody-here", "--", "true"]),
    ]);
    assert.deepEqual([hostname.exitCode, hostname.stdout], [0, "web-01\n"]);
    assert.deepEqual([who.exitCode, who.stdout], [0, "root\n"]);
    assert.deepEqual([failing.exitCode, failing.stdout, failing.stderr], [7, "out\n", "err\n"]);
    assert.equal(unknown.exitCode, 1);
    assert.match(unknown.stderr, /nobody-here/);
  });

  test("interfaces, addresses, MACs and routes are those of the plan", async () => {
    const ask = {
      hostname: "hostname",
      addresses: "ip -4 -o address show scope global",
      macs: "cat /sys/class/net/eth*/address",
      routes: "ip -4 route",
      failed: "systemctl --failed --no-legend",
    };
    const [web, db] = await Promise.all([facts("web-01", ask), facts("db-01", ask)]);
    const planned = (name: string) => plan.machines.find(machine => machine.name === name)?.interfaces ?? [];
    for (const [name, seen] of [
      ["web-01", web],
      ["db-01", db],
    ] as const) {
      assert.equal(seen.hostname, name);
      assert.deepEqual(
        [...seen.addresses.matchAll(/\d+: (\S+)\s+inet (\S+)/g)].map(([, device, address]) => `${device} ${address}`),
        planned(name).map(entry => `${entry.name} ${entry.address}/${entry.prefixLength}`),
      );
      assert.deepEqual(
        seen.macs.split("\n"),
        planned(name).map(entry => entry.mac),
      );
      assert.equal(seen.failed, "", `${name} has failed units`);
    }
    assert.deepEqual(
      planned("web-01").map(entry => entry.address),
      ["10.0.1.10", "10.0.2.1"],
    );
    assert.deepEqual(
      planned("db-01").map(entry => entry.address),
      ["10.0.2.20"],
    );
    assert.deepEqual(web.routes.match(/^default .*\S/gm), ["default via 10.0.1.1 dev eth0"]);
    assert.equal(db.routes.match(/^default .*/gm), null, db.routes);
  });

  test("machines know each other by name, from their hosts files and from the play's name server", async () => {
    const lookups = { "db-01": "10.0.2.20", "db-01.backend": "10.0.2.20", "web-01.frontend": "10.0.1.10" };
    const web = await facts<string>("web-01", {
      hosts: "cat /etc/hosts",
      resolvConf: "cat /etc/resolv.conf",
      ...Object.fromEntries(Object.keys(lookups).map(name => [name, askNameServer("10.0.1.1", name)])),
    });
    assert.match(web.hosts ?? "", /^10\.0\.2\.20\s+db-01 db-01\.backend$/m);
    assert.match(web.hosts ?? "", /^10\.0\.1\.10\s+web-01 web-01\.frontend$/m);
    assert.equal(web.resolvConf, "nameserver 10.0.1.1");
    for (const [name, address] of Object.entries(lookups)) assert.equal(lastAddress(web[name]), address, name);
    const db = await facts("db-01", {
      hosts: "getent hosts web-01",
      resolvConf: "head -1 /etc/resolv.conf",
      resolver: askNameServer("10.0.2.254", "web-01"),
    });
    assert.match(db.hosts, /^10\.0\.2\.1\s/);
    assert.equal(db.resolvConf, "nameserver 10.0.2.254");
    assert.equal(lastAddress(db.resolver), "10.0.2.1");
  });

  test("drives: the root grown to its size, the data drive made, mounted and kept in fstab", async () => {
    const web = await facts("web-01", {
      drive: "cat /sys/block/vda/size",
      filesystem: "df -B1 --output=size / | tail -1",
      root: "findmnt -no FSTYPE,OPTIONS /",
    });
    assert.equal(Number(web.drive) * 512, 12 * 1024 ** 3);
    assert.ok(Number(web.filesystem) > 11.5 * 1024 ** 3, `the root has ${web.filesystem} bytes`);
    assert.match(web.root, /^ext4\s+rw/);
    const db = await facts("db-01", {
      drive: "cat /sys/block/vdb/size",
      mount: "findmnt -no SOURCE,FSTYPE /var/lib/records",
      fstab: "grep /var/lib/records /etc/fstab",
      uuid: "blkid -o value -s UUID /dev/vdb",
      content: "cat /var/lib/records/summary",
    });
    assert.equal(Number(db.drive) * 512, 1024 ** 3);
    assert.match(db.mount, /^\/dev\/vdb\s+ext4$/);
    assert.match(db.fstab, new RegExp(`^UUID=${db.uuid}\\s`));
    assert.equal(db.content, "three records");
  });

  test("startup files, init conditions and identity", async () => {
    const web = await facts("web-01", {
      bashrc: "cat /home/laborant/.bashrc",
      config: "stat -c '%U %a' /etc/two-tier/app.conf; cat /etc/two-tier/app.conf",
      conditions: "cat /opt/iximiuz-labs/init-conditions.json",
    });
    assert.match(web.bashrc, /alias app='curl -s http:\/\/localhost:8080\/'$/);
    assert.ok(web.bashrc.split("\n").length > 5, "what the image brought has been lost");
    assert.equal(web.config, "laborant 640\nbackend=db-01.backend:9000");
    assert.deepEqual(JSON.parse(web.conditions), { flavor: "nginx", greeting: "" });
  });

  test("machines trust each other: every user, both ways, without a question", async () => {
    const ssh = (target: string, command: string) => `ssh -o BatchMode=yes -o ConnectTimeout=20 ${target} '${command}'`;
    const [fromWeb, fromWebRoot, fromDb] = await Promise.all([
      facts(
        "web-01",
        { plain: ssh("db-01", "whoami; hostname"), root: ssh("root@db-01.backend", "whoami") },
        "laborant",
      ),
      facts("web-01", { plain: ssh("10.0.2.20", "whoami") }),
      facts("db-01", { plain: ssh("web-01", "whoami"), root: ssh("root@web-01.backend", "hostname") }, "laborant"),
    ]);
    assert.deepEqual(fromWeb, { plain: "laborant\ndb-01", root: "root" });
    assert.equal(fromWebRoot.plain, "root");
    assert.deepEqual(fromDb, { plain: "laborant", root: "web-01" });
  });

  test("the welcome is shown in the first interactive shell, once, and not where it is switched off", async () => {
    const login = async (machine: string) => {
      const pty = { cols: 100, rows: 30 };
      const input = "echo e$((40+2))d; exit\n";
      const { stdout } = await guestExec(server.client, playId, { machine, pty, input });
      assert.match(stdout, /e42d/);
      return stdout;
    };
    const welcome = /This is web-01\. The application listens on port 8080\./;
    const [first, silent] = await Promise.all([login("web-01"), login("db-01")]);
    assert.match(first, welcome);
    assert.doesNotMatch(await login("web-01"), welcome);
    assert.doesNotMatch(silent, /[Ww]elcome|port 8080/);
    assert.equal(await says("db-01", "ls -A /home/laborant | grep -c welcome || true"), "0");
  });

  test("init tasks: those whose conditions do not match do not exist, the others are done and told", async () => {
    const { stdout } = await server.cli(["playground", "tasks", playId, "--json"]);
    const tasks = JSON.parse(stdout) as Record<string, { status: number; stdout: string; exitCode: number }>;
    assert.deepEqual(Object.keys(tasks).toSorted(), ["init_app_nginx", "init_fetch", "init_package", "init_records"]);
    for (const [name, task] of Object.entries(tasks))
      assert.deepEqual([name, task.status, task.exitCode], [name, 40, 0]);
    assert.match(tasks.init_records?.stdout ?? "", /is a mountpoint/);
    const output = await server.cli(["playground", "task", "output", playId, "init_app_nginx"]);
    assert.match(output.stdout, /three records/);
  });

  test("the page behind the http-port tab is for its owner only", async () => {
    const { tabs } = await server.client.getPlay(playId);
    const portId = tabs.find(tab => tab.kind === "http-port")?.portId ?? "";
    const port = (await server.client.listPorts(playId)).find(({ id }) => id === portId);
    assert.equal((await getPort(port?.url ?? "")).status, 401);
    const ticket = await server.client.createPortTicket(playId, portId);
    const welcomed = await getPort(ticket.url);
    assert.match(String(welcomed.status), /^30[23]$/);
    const page = await getPort(new URL(welcomed.location ?? "", ticket.url).href, welcomed.cookie);
    assert.equal(page.status, 200);
    assert.match(page.body, /<h1>db-01 holds three records<\/h1>/);
    assert.equal((await getPort(ticket.url)).status, 401, "a ticket worked twice");
  });

  test("the serial console shows the boot", async () => {
    const { stdout } = await server.cli(["playground", "machine", "console", playId, "web-01"]);
    assert.match(stdout, /^labyard: init\r?$/m);
    assert.match(stdout, /web-01 login:/);
  });

  test("a private network has no way out, also for those who look for one", async () => {
    // Something outside that machines with a way out do reach: that is where the package came from.
    const { mirror } = await facts("web-01", {
      mirror: "grep -rhoE 'https?://[^/ ]+' /etc/apt/sources.list /etc/apt/sources.list.d | head -1 | cut -d/ -f3",
    });
    const web = await facts("web-01", {
      address: `getent ahostsv4 ${mirror} | head -1 | cut -d' ' -f1`,
      reached: reach(mirror, 80),
    });
    assert.equal(web.reached, "open");
    const db = await facts("db-01", {
      plain: reach(web.address, 80),
      routed: `ip route add default via 10.0.2.254; ${reach(web.address, 80)}; ip route del default`,
      name: `getent ahostsv4 ${mirror} | wc -l`,
    });
    assert.deepEqual(db, { plain: "closed", routed: "closed", name: "0" });
  });

  test("guests reach neither the host's loopback nor the host itself", async () => {
    let calls = 0;
    const host = createServer(socket => {
      calls += 1;
      socket.destroy();
    }).listen(0, "0.0.0.0");
    await once(host, "listening");
    try {
      const { port } = host.address() as { port: number };
      const own = Object.values(networkInterfaces())
        .flatMap(entries => entries ?? [])
        .filter(entry => entry.family === "IPv4" && !entry.internal)
        .map(entry => entry.address);
      const doors = ["127.0.0.1", "10.0.1.1", plan.egress.gateway, plan.egress.address, plan.egress.dns, ...own];
      const tried = await facts("web-01", Object.fromEntries(doors.map(door => [door, reach(door, port)])));
      for (const door of doors) assert.equal(tried[door], "closed", `${door}:${port} can be reached`);
      assert.equal(calls, 0);
    } finally {
      host.close();
    }
  });

  test("nothing listens beyond loopback", async () => {
    const found = await listeners(server.paths.home);
    assert.ok(
      found.some(({ at }) => at === new URL(server.url).host),
      "the server itself was not found",
    );
    assert.deepEqual(
      found.filter(({ at }) => !/^(127\.|\[::1\])/.test(at)),
      [],
    );
  });

  test("tunnels: ssh, copies and forwards with the programs people have", async () => {
    await using proxy = await startCli(server, ["ssh-proxy", "-q", playId, "-m", "web-01"]);
    const sshPort = (await proxy.line(/^\d+$/m)).trim();
    const key = identityFile(server.paths);
    const options = ["-i", key, ..."-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null".split(" ")];
    const ssh = (command: string, input?: string) =>
      run(["ssh", "-o", "LogLevel=ERROR", ...options, "-p", sshPort, "laborant@127.0.0.1", command], {
        allowFailure: true,
        timeoutMs: patient(60_000),
        ...(input === undefined ? {} : { input }),
      });
    const said = await ssh("id -un; hostname; exit 7");
    assert.deepEqual([said.exitCode, said.stdout], [7, "laborant\nweb-01\n"], said.stderr);
    assert.equal((await ssh("wc -c", "x".repeat(1_000_000))).stdout.trim(), "1000000");

    const directory = await mkdtemp(join(tmpdir(), "labyard-cp-"));
    try {
      await writeFile(join(directory, "sent"), randomBytes(300_000));
      await server.cli(["cp", join(directory, "sent"), `${playId}:copied`]);
      await server.cli(["cp", `${playId}:copied`, join(directory, "back")]);
      assert.ok((await readFile(join(directory, "back"))).equals(await readFile(join(directory, "sent"))));
    } finally {
      await rm(directory, { recursive: true });
    }

    // Once to the machine's address, once to its loopback alone, once to a neighbour, and back out of it.
    await says("web-01", "/usr/sbin/sshd -o ListenAddress=127.0.0.1:2200 -o PidFile=none");
    await using local = await tcpServer(socket => socket.end("hello from outside"));
    await using forwards = await startCli(server, [
      ...["port-forward", playId, "-L", `127.0.0.1:${freePort()}:8080`, "-L", `${freePort()}:2200`],
      ...["-L", `${freePort()}:db-01:22`, "-L", `${freePort()}:localhost:2200`, "-R", `9000:${local.port}`],
    ]);
    const text = await forwards.line(/remote\): 9000/);
    const ports = [...text.matchAll(/\(local\): 127\.0\.0\.1:(\d+) ->/g)].map(([, port]) => Number(port));
    assert.equal(ports.length, 4);
    const [web = 0, ...sshds] = ports;
    const page = await (await fetch(`http://127.0.0.1:${web}/`)).text();
    assert.match(page, /three records/);
    for (const port of sshds) assert.match(await firstBytes(port), /^SSH-2\.0/);
    assert.equal(await says("web-01", "timeout 20 bash -c 'cat </dev/tcp/10.0.1.10/9000'"), "hello from outside");
    const listed = await server.cli(["port-forward", playId, "--list"]);
    assert.equal(listed.stdout.trim().split("\n").length, 5);
    assert.match(listed.stdout, /^\[4\] web-01 \(remote\): 9000 -> 127\.0\.0\.1:\d+$/m);

    await forwards.stop();
    assert.match(await says("web-01", reach("127.0.0.1", 9000)), /closed/);
    // The brackets keep the pattern from finding the shell that holds it.
    await says("web-01", "pkill -f '[L]istenAddress=127.0.0.1:2200'");
  });

  test("100 MB of output neither block the runner nor fill its memory", async t => {
    const bytes = 100 * 1024 ** 2;
    const runner = (await findRole(playId, "runner")) ?? 0;
    const residentBefore = await residentBytes(runner);
    const over = new AbortController();
    let slowestMs = 0;
    let residentMax = 0;
    const watching = (async () => {
      while (!over.signal.aborted) {
        const askedAt = performance.now();
        // Answered by the runner itself; states come to the server by a stream.
        await server.client.listTasks(playId);
        slowestMs = Math.max(slowestMs, performance.now() - askedAt);
        residentMax = Math.max(residentMax, await residentBytes(runner));
        await sleep(200);
      }
    })();
    try {
      await Promise.all([floodTerminal(bytes), floodExec(bytes), floodUnseen()]);
    } finally {
      over.abort();
    }
    await watching;
    const grownMiB = Math.round((residentMax - residentBefore) / 1024 ** 2);
    t.diagnostic(`slowest answer ${Math.round(slowestMs)} ms, runner grown by ${grownMiB} MiB`);
    // A runner that is held up answers only when the flood is over, half a minute later.
    assert.ok(slowestMs < patient(5000), `the runner once took ${Math.round(slowestMs)} ms to answer`);
    assert.ok(grownMiB < 200, `the runner grew by ${grownMiB} MiB`);
  });

  /** Somebody watches it all go by in a terminal. */
  async function floodTerminal(bytes: number): Promise<void> {
    const { id } = await server.client.openTerminal(playId, { machine: "web-01" });
    const view = await viewTerminal(server.client, playId, id);
    view.type(`head -c ${bytes} /dev/zero | tr '\\0' x; echo; echo d""one\n`);
    await view.until("\ndone", floodMs);
    assert.ok(view.seen >= bytes, `only ${view.seen} bytes came`);
    await view.close();
    await server.client.closeTerminal(playId, id);
  }

  async function floodExec(bytes: number): Promise<void> {
    const command = `head -c ${bytes} /dev/zero`;
    const { exitCode, stdout } = await guestExec(server.client, playId, {
      machine: "db-01",
      command,
      timeoutMs: floodMs,
    });
    assert.deepEqual([exitCode, stdout.length], [0, bytes]);
  }

  /** A program that prints without end in a terminal that nobody looks at, and that can still be stopped. */
  async function floodUnseen(): Promise<void> {
    const { id } = await server.client.openTerminal(playId, { machine: "web-01" });
    const first = await viewTerminal(server.client, playId, id);
    first.type("yes unseen\n");
    await first.until("unseen\r\nunseen", floodMs);
    await first.close();
    await sleep(5000);
    const second = await viewTerminal(server.client, playId, id);
    second.type("\x03");
    second.type("echo st''opped\n");
    await second.until("stopped", floodMs);
    await second.close();
    await server.client.closeTerminal(playId, id);
  }

  test("stop and restart: drives and identity are kept, tasks and startup files are not repeated", async () => {
    const ask = {
      marker: "cat /home/laborant/kept",
      machineId: "cat /etc/machine-id",
      alias: "grep -c 'alias app=' /home/laborant/.bashrc",
      hostKey: "cat /etc/ssh/ssh_host_ed25519_key.pub",
      addresses: "ip -4 -o address show scope global | cut -d' ' -f2-7",
      // Overlay networks in guests break when it changes.
      gateway: "ping -c 1 -W 2 10.0.1.1 >/dev/null; ip neigh show 10.0.1.1 | grep -o 'lladdr [0-9a-f:]*'",
    };
    await says("web-01", "echo precious >/home/laborant/kept");
    // Nobody hears the power button here: this machine ends well only when it is asked to.
    await guestSays(server.client, playId, { machine: "db-01", user: "root", command: prepareWitness });
    const factsBefore = await facts("web-01", ask);
    const tasksBefore = await server.client.listTasks(playId);
    const namespaces = await networkNamespaces(playId);

    const stopped = await server.cli(["playground", "stop", playId], { timeoutMs: patient(120_000) });
    assert.match(stopped.stderr, /has been stopped/);
    await assertNothingLeft(server.paths, playId, namespaces);

    const restarted = await server.cli(["playground", "restart", playId], { timeoutMs: startMs });
    assert.equal(restarted.stdout.trim(), playId);
    const factsAfter = await facts("web-01", ask);
    assert.equal(factsAfter.marker, "precious");
    assert.equal(factsAfter.alias, "1");
    assert.deepEqual(factsAfter, factsBefore);
    assert.deepEqual(await server.client.listTasks(playId), tasksBefore);
    assert.equal(await says("db-01", "cat /var/lib/records/summary"), "three records");
    assert.equal(await says("db-01", "cat /var/lib/records/stopped"), "cleanly");
  });

  test("the key of a tunnel outlives a restart, and a machine that dies ends its tunnels", async () => {
    assert.match(await says("web-01", "cat /home/laborant/.ssh/authorized_keys"), /^ssh-ed25519 \S+ labyard$/m);
    await using proxy = await startCli(server, ["ssh-proxy", "-q", playId, "-m", "db-01"]);
    const sshPort = (await proxy.line(/^\d+$/m)).trim();
    const options = [
      "-i",
      identityFile(server.paths),
      ..."-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null".split(" "),
    ];
    const endless = await startChild([
      "ssh",
      "-o",
      "LogLevel=ERROR",
      ...options,
      "-p",
      sshPort,
      "laborant@127.0.0.1",
      "cat /dev/zero",
    ]);
    try {
      await once(endless.process.stdout as NodeJS.ReadableStream, "data");
      endless.process.stdout?.resume();
      await server.client.act(playId, { action: "machine.stop", machine: "db-01" });
      const ended = await Promise.race([endless.exited, sleep(patient(90_000), undefined, { ref: false })]);
      assert.equal(ended?.exitCode, 255);
    } finally {
      await endless.stop();
    }
  });

  test("destroy and remove leave nothing", async () => {
    const namespaces = await networkNamespaces(playId);
    await server.cli(["playground", "destroy", playId], { timeoutMs: patient(120_000) });
    await assertNothingLeft(server.paths, playId, namespaces);
    assert.deepEqual(await readdir(join(playsDirectory(server.paths), playId, "machines")).catch(() => []), []);
    await server.cli(["playground", "remove", playground]);
    const { stdout } = await server.cli(["playground", "catalog", "--filter", "my-custom", "-q"]);
    assert.doesNotMatch(stdout, /two-tier/);
  });
});

/**
 * A service that takes its time to stop and then writes that down on a data drive, in a machine that is deaf to its power
 * button.
 */
const prepareWitness = [
  "mkdir -p /etc/systemd/logind.conf.d",
  "printf '[Login]\\nHandlePowerKey=ignore\\n' >/etc/systemd/logind.conf.d/deaf.conf",
  "systemctl restart systemd-logind",
  "printf '[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/true\\n' >/etc/systemd/system/witness.service",
  `echo 'ExecStop=/bin/sh -c "sleep 2; echo cleanly >/var/lib/records/stopped"' >>/etc/systemd/system/witness.service`,
  "systemctl start witness",
].join(" && ");

/** The first thing that a server on this local port says. */
async function firstBytes(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    const [data] = (await once(socket, "data", { signal: AbortSignal.timeout(patient(20_000)) })) as [Buffer];
    return data.toString();
  } finally {
    socket.destroy();
  }
}

/** A port that nobody used just now. */
let nextPort = 30_000 + (process.pid % 20_000);
const freePort = () => nextPort++;

async function residentBytes(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}
