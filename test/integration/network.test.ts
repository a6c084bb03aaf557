import assert from "node:assert/strict";
import { once } from "node:events";
import { lookup } from "node:dns/promises";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { findPlayProcesses } from "../../src/host/play-processes.ts";
import { run } from "../../src/host/process.ts";
import { Scope } from "../../src/lib/scope.ts";
import type { Manifest } from "../../src/manifest/schema.ts";
import { probeNetwork, probePlayId } from "../../src/network/probe.ts";
import { createPlan } from "../../src/plan/create-plan.ts";
import type { MachinePlan, Plan } from "../../src/plan/plan.ts";
import { addGuest, childOf, type FakeGuest, nameOf, type OpenPlay, openPlay, processesIn } from "./play-namespace.ts";

const hostAddresses = Object.values(networkInterfaces())
  .flatMap(entries => entries ?? [])
  .filter(entry => entry.family === "IPv4" && !entry.internal)
  .map(entry => entry.address);

suite("the network of a play", { timeout: 300_000 }, () => {
  const scope = new Scope("network tests");
  const plan = labPlan("aaaaaaaaaaaaaaaaaaaaaaaa");
  let directory: string;
  let play: OpenPlay;
  let web: FakeGuest;
  let app: FakeGuest;
  let db: FakeGuest;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "labyard-network-"));
    scope.own("directory", () => rm(directory, { recursive: true }));
    play = await openPlay(plan, directory, scope);
    [web, app, db] = await Promise.all([
      addGuest(play, machine(plan, "web"), scope),
      addGuest(play, machine(plan, "app"), scope),
      addGuest(play, machine(plan, "db"), scope),
    ]);
  });
  after(() => scope[Symbol.asyncDispose]());

  test("opens in well under a second", t => {
    t.diagnostic(`opened in ${play.openMs} ms`);
    assert.ok(play.openMs < 1000, `${play.openMs} ms`);
  });

  test("machines know each other by name, and AAAA is answered at once", async () => {
    const gateway = "10.0.1.1";
    assert.deepEqual((await web.resolve(gateway, "app")).addresses, ["10.0.1.3"]);
    assert.deepEqual((await app.resolve(gateway, "web")).addresses, ["10.0.1.2"]);
    assert.deepEqual((await app.resolve(gateway, "web.back")).addresses, ["10.0.2.1"]);
    assert.deepEqual((await db.resolve("10.0.2.254", "web")).addresses, ["10.0.2.1"]);
    for (const [guest, server] of [
      [web, gateway],
      [db, "10.0.2.254"],
    ] as const) {
      for (const name of ["web", "web.back"]) {
        const answer = await guest.resolve(server, name, "AAAA");
        assert.equal(answer.error, "ENODATA", name);
        assert.ok(answer.ms < 200, `${answer.ms} ms`);
      }
    }
    assert.equal((await web.resolve(gateway, "nobody")).error, "ENOTFOUND");
  });

  test("an open network reaches the internet by name, a private one does not", async t => {
    const mirror = await mirrorHost();
    const reachable = mirror === undefined ? undefined : await lookup(mirror, 4).catch(() => undefined);
    if (mirror === undefined || reachable === undefined) return t.skip("no package mirror of this host resolves");
    assert.ok((await web.resolve("10.0.1.1", mirror)).addresses?.includes(reachable.address));
    assert.equal((await web.resolve("10.0.1.1", mirror, "AAAA")).error, "ENODATA");
    assert.equal(await web.connect(reachable.address, 80), "open");

    assert.equal((await db.resolve("10.0.2.254", mirror)).error, "EREFUSED");
    assert.equal(await db.connect(reachable.address, 80), "ENETUNREACH");
    await db.run("ip", "route", "add", "default", "via", "10.0.2.254");
    assert.equal(await db.connect(reachable.address, 80), "EHOSTUNREACH");
    assert.notDeepEqual((await db.resolve(plan.egress.resolver, mirror)).addresses, [reachable.address]);

    // A learner turns the machine between the two into a router: the second name server answers from there on.
    await web.run("nft", "add table ip nat; add chain ip nat out { type nat hook postrouting priority 100; }");
    await web.run("nft", "add rule ip nat out oifname eth0 masquerade");
    await web.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward");
    await db.run("ip", "route", "replace", "default", "via", "10.0.2.1");
    assert.ok((await db.resolve(plan.egress.resolver, mirror)).addresses?.includes(reachable.address));
    assert.equal(await db.connect(reachable.address, 80), "open");
    await db.run("ip", "route", "delete", "default");
  });

  test("the registry's name and port are open to every network, and nothing else of its address", async () => {
    const { address, names } = plan.registry;
    const name = names[0] ?? "";
    for (const [guest, server] of [
      [web, "10.0.1.1"],
      [db, "10.0.2.254"],
    ] as const) {
      assert.deepEqual((await guest.resolve(server, name)).addresses, [address]);
      assert.equal((await guest.resolve(server, name, "AAAA")).error, "ENODATA");
    }
    // As the machine's seed has it.
    assert.equal(await db.connect(address, 443), "ENETUNREACH");
    await db.run("ip", "route", "add", address, "via", "10.0.2.254");
    for (const guest of [web, db]) {
      // Nothing listens in this test: the refusal of the address itself, not of the packet filter.
      assert.equal(await guest.connect(address, 443), "ECONNREFUSED");
      assert.equal(await guest.connect(address, 5000), "EHOSTUNREACH");
      assert.equal(await guest.connect(plan.egress.resolver, 443), guest === web ? "EHOSTUNREACH" : "ENETUNREACH");
    }
    await db.run("ip", "route", "delete", address);
  });

  test("no address leads to a service of the host", async () => {
    await using listeners = new Scope("listeners");
    const loopbackPort = await listen("127.0.0.1", listeners);
    const anyPort = await listen("0.0.0.0", listeners);
    const { address, gateway, dns, resolver } = plan.egress;
    const addresses = ["10.0.1.1", "127.0.0.1", address, gateway, dns, resolver, "169.254.169.254", "192.168.1.1"];
    const attempts = [...addresses, ...hostAddresses].flatMap(target =>
      [loopbackPort, anyPort].map(async port => ({ target, port, result: await web.connect(target, port) })),
    );
    for (const { target, port, result } of await Promise.all(attempts)) {
      assert.notEqual(result, "open", `${target}:${port}, where ${loopbackPort} listens on loopback only`);
    }
    // The namespace itself is not filtered: it shows that the listener is there and that pasta adds no way to loopback.
    for (const target of hostAddresses) assert.equal(await connectFrom(play, target, anyPort), "open");
    for (const target of [gateway, dns]) assert.notEqual(await connectFrom(play, target, loopbackPort), "open");
  });

  test("a machine that lies about its address is not heard", async () => {
    assert.ok((await app.resolve("10.0.1.1", "web")).addresses);
    const takeAddress = async (address: string) => {
      await app.run("ip", "address", "flush", "dev", "eth0");
      await app.run("ip", "address", "add", `${address}/24`, "dev", "eth0");
    };
    await takeAddress("10.0.1.77");
    assert.equal((await app.resolve("10.0.1.1", "web")).error, "ETIMEOUT");
    await takeAddress("10.0.1.3");
    assert.ok((await app.resolve("10.0.1.1", "web")).addresses);

    await app.run("ip", "link", "set", "eth0", "address", "02:00:00:00:00:99");
    assert.equal((await app.resolve("10.0.1.1", "web")).error, "ETIMEOUT");
    await app.run("ip", "link", "set", "eth0", "address", machine(plan, "app").interfaces[0]?.mac ?? "");
    assert.ok((await app.resolve("10.0.1.1", "web")).addresses);
  });

  test("machines of one network reach each other, networks are not routed to each other", async () => {
    await web.listen(7001);
    await db.listen(7002);
    assert.equal(await app.connect("10.0.1.2", 7001), "open");
    assert.notEqual(await app.connect("10.0.2.20", 7002), "open");
    assert.notEqual(await app.connect("10.0.2.1", 7001), "open");
    assert.equal(await web.connect("10.0.2.20", 7002), "open");
  });

  test("two plays with the same subnets do not see each other", async () => {
    await using second = new Scope("second play");
    const otherPlan = labPlan("bbbbbbbbbbbbbbbbbbbbbbbb");
    const other = await openPlay(otherPlan, directory, second);
    const otherApp = await addGuest(other, machine(otherPlan, "app"), second);
    assert.notEqual(other.namespace, play.namespace);
    await web.listen(7003);
    assert.equal(await app.connect("10.0.1.2", 7003), "open");
    assert.notEqual(await otherApp.connect("10.0.1.2", 7003), "open");
    assert.deepEqual((await otherApp.resolve("10.0.1.1", "web")).addresses, ["10.0.1.2"]);
  });

  test("a name server that dies is started again, and so is pasta", async () => {
    const servers = (await processesIn(play.namespace)).map(Number).filter(pid => nameOf(pid) === "dnsmasq");
    assert.equal(servers.length, 2);
    for (const pid of servers) process.kill(pid, "SIGKILL");
    await until("names are answered again", async () => {
      return (await web.resolve("10.0.1.1", "app")).addresses !== undefined;
    });

    const keeper = childOf(play.pids.launcher, "sh");
    process.kill(childOf(keeper), "SIGKILL");
    await until("the uplink is back", async () => {
      const { stdout } = await run([...play.enter, "ip", "-brief", "address", "show", "egress"], {
        allowFailure: true,
      });
      return stdout.includes(plan.egress.address);
    });
  });
});

suite("the network probe", { timeout: 300_000 }, () => {
  test("finds this host able, by doing everything once, and leaves nothing", async () => {
    const findings = await probeNetwork();
    assert.deepEqual(
      findings.filter(finding => finding.status === "failed"),
      [],
    );
    const checks = ["namespaces", "packet-filter", "bridge-and-tap", "name-server", "uplink", "host-loopback"];
    for (const check of checks) assert.ok(findings.some(finding => finding.check === check));
    assert.deepEqual(await findPlayProcesses(probePlayId), []);
  });

  test("names what is missing, and goes on with the rest", async t => {
    const directory = await mkdtemp(join(tmpdir(), "labyard-network-"));
    t.after(() => rm(directory, { recursive: true }));
    await writeFile(join(directory, "nft"), "#!/bin/sh\necho Operation not supported >&2\nexit 1\n", { mode: 0o755 });
    const path = process.env.PATH;
    t.after(() => (process.env.PATH = path));
    process.env.PATH = `${directory}:${path}`;
    const findings = await probeNetwork();
    const filter = findings.find(finding => finding.check === "packet-filter");
    assert.equal(filter?.status, "failed");
    assert.equal(filter.message, "Operation not supported");
    assert.match(filter.action ?? "", /modprobe/);
    assert.equal(findings.find(finding => finding.check === "bridge-and-tap")?.status, "ok");
  });
});

suite("the end of a play's namespaces", { timeout: 300_000 }, () => {
  for (const victim of ["launcher", "unshare", "init", "program"] as const) {
    test(`SIGKILL of the ${victim} leaves nothing`, async () => {
      await using scope = new Scope("kill test");
      const directory = await mkdtemp(join(tmpdir(), "labyard-network-"));
      scope.own("directory", () => rm(directory, { recursive: true }));
      const plan = labPlan("cccccccccccccccccccccccc");
      const play = await openPlay(plan, directory, scope);
      assert.ok((await findPlayProcesses(plan.playId)).length >= 6);
      process.kill(play.pids[victim], "SIGKILL");
      await play.launcher.exited;
      await until("every process has gone", async () => {
        const left = [...(await findPlayProcesses(plan.playId)), ...(await processesIn(play.namespace))];
        return left.length === 0;
      });
    });
  }

  test("the launcher passes TERM on and exits with the program's code", async () => {
    await using scope = new Scope("stop test");
    const directory = await mkdtemp(join(tmpdir(), "labyard-network-"));
    scope.own("directory", () => rm(directory, { recursive: true }));
    const play = await openPlay(labPlan("dddddddddddddddddddddddd"), directory, scope);
    process.kill(play.pids.launcher, "SIGTERM");
    assert.deepEqual(await play.launcher.exited, { exitCode: 0, signal: null });
    assert.deepEqual(await findPlayProcesses(play.plan.playId), []);
  });
});

function labPlan(playId: string): Plan {
  const guest = (name: string, ...interfaces: Array<{ network: string; address?: string }>) => ({
    name,
    users: [{ name: "root" }],
    drives: [{ source: "debian-12", mount: "/" }],
    network: { interfaces },
  });
  const manifest: Manifest = {
    name: "lab",
    title: "A lab",
    playground: {
      networks: [
        { name: "front", subnet: "10.0.1.0/24" },
        { name: "back", subnet: "10.0.2.0/24", gateway: "10.0.2.254", private: true },
      ],
      machines: [
        guest("web", { network: "front" }, { network: "back" }),
        guest("app", { network: "front" }),
        guest("db", { network: "back", address: "10.0.2.20" }),
      ],
      accessControl: { canList: ["owner"], canRead: ["owner"], canStart: ["owner"] },
    },
  };
  const limits = { vcpus: 8, memoryMiB: 8192 };
  return createPlan({
    playId,
    manifest,
    initConditions: {},
    host: {
      limits: { machine: limits, play: limits },
      kernels: ["6.1"],
      backends: ["qemu"],
      acceleration: "tcg",
      registry: { aliases: [], maxBytes: 1024 ** 3 },
      imageAliases: {},
      addresses: hostAddresses,
    },
  });
}

function machine(plan: Plan, name: string): MachinePlan {
  return plan.machines.find(each => each.name === name) ?? assert.fail(`no machine ${name}`);
}

/** A name that this host's own package sources use, so that the test names no server of its own. */
async function mirrorHost(): Promise<string | undefined> {
  const { stdout } = await run(["apt-get", "indextargets", "--format", "$(SITE)"], { allowFailure: true });
  const sites = stdout.split("\n").filter(line => line.startsWith("http:"));
  return sites[0] === undefined ? undefined : new URL(sites[0]).hostname;
}

async function listen(address: string, scope: Scope): Promise<number> {
  const server = createServer(socket => socket.end());
  server.listen(0, address);
  await once(server, "listening");
  scope.own("listener", () => void server.close());
  return (server.address() as AddressInfo).port;
}

async function connectFrom(play: OpenPlay, host: string, port: number): Promise<string> {
  const probe = join(import.meta.dirname, "../fixtures/guest-probe.ts");
  const { stdout } = await run([...play.enter, process.execPath, probe, "connect", host, String(port)]);
  return (JSON.parse(stdout) as { result: string }).result;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) assert.fail(`not within 30 s: ${what}`);
    await sleep(50);
  }
}
