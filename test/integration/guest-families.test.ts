import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { currentState, type PlayState } from "../../src/api/play-state.ts";
import { Problem } from "../../src/api/problems.ts";
import { run, startChild } from "../../src/host/process.ts";
import { identityFile } from "../../src/store/paths.ts";
import { guestExec, guestFacts, guestSays } from "../fixtures/guest-exec.ts";
import { playProcesses } from "../fixtures/leftovers.ts";
import { bootMs, patient } from "../fixtures/patience.ts";
import { createPlayground, isReady, untilIn, untilState } from "../fixtures/play.ts";
import { startRegistry, type TestRegistry } from "../fixtures/registry.ts";
import { type RealServer, startServer } from "../fixtures/server.ts";
import type { TarMember } from "../fixtures/tar-archive.ts";
import { publishImage } from "../fixtures/test-image.ts";

// One play of machines whose images are not like ours: OpenRC behind busybox, an ssh service broken in every way an
// author can think of, no ssh at all. The platform's way in must not depend on any of it.

const nologin = "/usr/sbin/nologin";
const file = (name: string, content: string, mode = 0o644): TarMember => ({ name, content, mode });
const mask = (unit: string): TarMember => ({ name: `etc/systemd/system/${unit}`, type: "2", linkName: "/dev/null" });

const broken: TarMember[] = [
  mask("ssh.service"),
  mask("ssh.socket"),
  file(
    "etc/ssh/sshd_config",
    "PermitRootLogin no\nAllowUsers nobody\nUsePAM yes\nAuthorizedKeysFile /nowhere/%u\nHostKey /nowhere/key\nNoSuchOption at all\n",
  ),
  file("etc/pam.d/sshd", "auth required pam_deny.so\naccount required pam_deny.so\nsession required pam_deny.so\n"),
  file("etc/nologin", "nobody comes in today\n"),
  // No user sshd, shells that are none, passwords that are locked.
  file(
    "etc/passwd",
    [
      `root:x:0:0:root:/root:${nologin}`,
      `daemon:x:1:1:daemon:/usr/sbin:${nologin}`,
      `messagebus:x:100:107::/nonexistent:${nologin}`,
      `nobody:x:65534:65534:nobody:/nonexistent:${nologin}`,
      "laborant:x:1001:1001::/home/laborant:/bin/fish",
      "",
    ].join("\n"),
  ),
  file("etc/shadow", "root:!:20000:0:99999:7:::\nlaborant:!:20000:0:99999:7:::\n", 0o640),
  { name: "home/laborant/", mode: 0o777, uid: 1001, gid: 1001 },
  { name: "home/laborant/.ssh/", mode: 0o777, uid: 0, gid: 0 },
];
const bare: TarMember[] = [
  "usr/sbin/.wh.sshd",
  "usr/lib/openssh/.wh.sftp-server",
  "lib/systemd/system/.wh.ssh.service",
].map(name => file(name, ""));

let server: RealServer;
let registry: TestRegistry;
let playId = "";
before(
  async () => {
    registry = await startRegistry();
    const sources = {
      OPENRC: await publishImage(registry, "debian-openrc"),
      BROKEN: await publishImage(registry, "debian-12", { tag: "broken", members: broken }),
      BARE: await publishImage(registry, "debian-12", { tag: "bare", members: bare }),
    };
    server = await startServer();
    const fill = (text: string) =>
      Object.entries(sources).reduce((filled, [name, source]) => filled.replaceAll(name, source), text);
    const playground = await createPlayground(server, "families", fill);
    playId = (await server.client.createPlay({ playground, initConditions: { flavor: "spicy" } })).id;
    await untilState(
      server,
      playId,
      "started",
      state => isReady(state) && state.tasks.every(task => task.status >= 35),
      bootMs * 2,
    );
  },
  { timeout: patient(900_000) },
);
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

const facts = <Name extends string>(machine: string, commands: Record<Name, string>, user = "root") =>
  guestFacts(server.client, playId, { machine, user }, commands);
const says = (machine: string, command: string, user = "root") =>
  guestSays(server.client, playId, { machine, user, command });

/** What a reboot must not change. */
const identity = {
  addresses: "ip -4 -o address show scope global | grep -o 'eth.*inet [^ ]*' | tr -s ' '",
  routes: "ip -4 route",
  resolver: "cat /etc/resolv.conf",
  hosts: "cat /etc/hosts",
  hostKey: "cat /etc/ssh/ssh_host_ed25519_key.pub",
  machineId: "cat /etc/machine-id",
};

test("every init task has been done, as the user it names", async () => {
  const tasks = await server.client.listTasks(playId);
  const done = Object.fromEntries(tasks.map(({ name, status, stdout }) => [name, [status, stdout?.trim()]]));
  assert.deepEqual(done, {
    init_alpine: [40, "up"],
    init_alpine_user: [40, "laborant /home/laborant"],
    init_alpine_chosen: [40, "spicy"],
    init_broken: [40, "laborant"],
    init_bare: [40, "root"],
  });
});

describe("OpenRC, busybox, no bash", { timeout: patient(600_000) }, () => {
  test("everything of the manifest is in the machine, and its services run", async () => {
    const found = await facts("alpine", {
      ...identity,
      init: "readlink -f /proc/1/exe",
      runlevel: "cat /run/openrc/softlevel",
      crashed: "rc-status --crashed",
      systemd: "ls -d /run/systemd 2>&1",
      hostname: "hostname; hostname -f; cat /etc/hostname",
      root: "df -m / | awk 'NR == 2 { print ($2 > 2700) }'",
      data: "grep ' /srv/data ' /proc/mounts | cut -d' ' -f1-3; grep -c '/srv/data' /etc/fstab",
      dhcp: "cat /var/log/networking; pgrep -x udhcpc || true",
      motd: "tail -n 1 /etc/motd",
      names: "getent hosts broken bare.local | tr -s ' '",
      trust: "ssh -o BatchMode=yes laborant@alpine id -un",
      port22: "nc -w 5 127.0.0.1 22 </dev/null | head -c 4",
    });
    assert.match(found.init, /\/busybox$/);
    assert.equal(found.runlevel, "default");
    assert.equal(found.crashed, "");
    assert.match(found.systemd, /No such file/);
    assert.equal(found.hostname, "alpine\nalpine\nalpine");
    assert.equal(found.root, "1");
    assert.equal(found.data, "/dev/vdb /srv/data ext4\n1");
    assert.match(found.dhcp, /eth0 already configured$/);
    assert.equal(found.motd, "one line");
    assert.equal(found.addresses, "eth0 inet 172.16.0.2/24\neth1 inet 10.9.0.10/24");
    assert.match(found.routes, /^default via 172\.16\.0\.1 dev eth0/);
    assert.equal(found.resolver, "nameserver 172.16.0.1");
    assert.equal(found.names, "172.16.0.3 broken broken.local\n172.16.0.4 bare bare.local");
    assert.equal(found.trust, "laborant");
    assert.equal(found.port22, "SSH-");
  });

  test("so are the other drives, networks, files, conditions and the registry", async () => {
    const found = await facts("alpine", {
      xfs: "grep ' /srv/xfs ' /proc/mounts | cut -d' ' -f1-3; grep -c '/srv/xfs' /etc/fstab; echo x >/srv/xfs/x; ls /srv/xfs",
      readOnly: "grep ' /srv/read-only ' /proc/mounts | cut -d' ' -f1-3; cat /sys/block/vdd/ro; touch /srv/read-only/x",
      neighbour: "ping -c 1 -W 20 broken.back >/dev/null && echo answers",
      names: "getent hosts broken.back alpine.back | tr -s ' '",
      outwards: "ip -4 route get 192.0.2.1 | grep -o 'dev eth.'",
      file: "stat -c '%U:%G %a' /home/laborant/.config /home/laborant/.config/app; cat /home/laborant/.config/app",
      conditions: "cat /opt/iximiuz-labs/init-conditions.json",
      modules: "modprobe -a overlay br_netfilter && grep -Ec '^(overlay|br_netfilter) ' /proc/modules",
      resources: "nproc; awk '/MemTotal/ { print ($2 > 400 * 1024 && $2 <= 512 * 1024) }' /proc/meminfo",
      registry: "curl -sS -m 60 -o /dev/null -w '%{http_code} %{ssl_verify_result}' https://registry.iximiuz.com/v2/",
    });
    assert.equal(found.xfs, "/dev/vdc /srv/xfs xfs\n1\nx");
    assert.match(found.readOnly, /^\/dev\/vdd \/srv\/read-only ext4\n1\ntouch: .*Read-only file system$/);
    assert.equal(found.neighbour, "answers");
    assert.equal(found.names, "10.9.0.2 broken.back\n10.9.0.10 alpine.back");
    assert.equal(found.outwards, "dev eth0");
    assert.equal(found.file, "laborant:laborant 755\nlaborant:laborant 600\ntheme=dark");
    assert.deepEqual(JSON.parse(found.conditions), { flavor: "spicy" });
    assert.equal(found.modules, "2");
    assert.equal(found.resources, "1\n1");
    assert.equal(found.registry, "200 0");
  });

  test("a terminal, with the welcome in it once", async () => {
    const login = async () =>
      (
        await guestExec(server.client, playId, {
          machine: "alpine",
          pty: { cols: 100, rows: 30 },
          input: "echo e$((40+2))d; tty; exit\n",
        })
      ).stdout;
    const first = await login();
    assert.match(first, /Hello from the other family\./);
    assert.match(first, /e42d\r\n\/dev\/pts\/\d/);
    assert.doesNotMatch(await login(), /Hello/);
  });

  test("the channel comes back when somebody kills it", async () => {
    const greeting = "nc -w 5 127.0.0.1 2022 </dev/null | head -c 4";
    const killed = "rc-service sshd stop >/dev/null; kill $(cat /run/labyard/sshd.pid); rm -rf /run/sshd";
    const back = `until [ "$(${greeting})" = SSH- ]; do sleep 0.2; done; echo back`;
    assert.equal(await says("alpine", `${killed}; ${back}`), "back");
  });
});

/** Exit code and output of a command by the ssh program people have, which takes no other host key than this one. */
async function sshThroughTunnel(machine: string, user: string, hostKey: string): Promise<[number | null, string]> {
  const directory = await mkdtemp(join(tmpdir(), "labyard-families-"));
  const launcher = join(import.meta.dirname, "../../bin/labyard");
  const proxy = await startChild([launcher, "ssh-proxy", "-q", playId, "-m", machine, "-u", user], {
    env: { ...process.env, LABYARD_HOME: server.paths.home },
  });
  try {
    const deadline = AbortSignal.timeout(patient(90_000));
    const [said] = await once(proxy.process.stdout as NodeJS.ReadableStream, "data", { signal: deadline });
    const port = String(said).trim();
    const known = join(directory, "known_hosts");
    await writeFile(known, `[127.0.0.1]:${port} ${hostKey}\n`);
    const options = ["BatchMode=yes", "StrictHostKeyChecking=yes", `UserKnownHostsFile=${known}`, "LogLevel=ERROR"];
    const { exitCode, stdout, stderr } = await run(
      [
        ...["ssh", "-F", "/dev/null", "-i", identityFile(server.paths), "-p", port],
        ...options.flatMap(option => ["-o", option]),
        ...[`${user}@127.0.0.1`, "id -un; cat /proc/sys/kernel/hostname; exit 7"],
      ],
      { allowFailure: true, timeoutMs: patient(60_000) },
    );
    assert.equal(stderr, "");
    return [exitCode, stdout];
  } finally {
    await proxy.stop();
    await rm(directory, { recursive: true });
  }
}

for (const machine of ["broken", "bare"]) {
  describe(machine === "broken" ? "an ssh service that is broken in every way" : "no sshd at all", () => {
    test("commands and terminals of every user work", async () => {
      for (const user of ["root", "laborant"]) {
        const found = await facts(
          machine,
          {
            user: "id -un; echo $HOME; pwd",
            // Nothing of what the platform's sshd needs reaches the programs of people.
            environment: "env | grep -c LD_LIBRARY_PATH || true",
            systemd: "systemctl is-active multi-user.target",
          },
          user,
        );
        const home = user === "root" ? "/root" : "/home/laborant";
        assert.deepEqual(found, { user: `${user}\n${home}\n${home}`, environment: "0", systemd: "active" });
        const pty = { cols: 100, rows: 30 };
        const { stdout } = await guestExec(server.client, playId, { machine, user, pty, input: "id -un; tty; exit\n" });
        assert.match(stdout, new RegExp(`${user}\r\n/dev/pts/`));
      }
    });

    test("a person's ssh client gets in, to the machine's own host key; port 22 stays free for whoever wants it", async () => {
      const key = (await says(machine, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")).trim();
      // /etc/nologin of the broken one is for people, not for root.
      for (const user of machine === "broken" ? ["root"] : ["root", "laborant"]) {
        assert.deepEqual(await sshThroughTunnel(machine, user, key), [7, `${user}\n${machine}\n`]);
      }
      assert.equal(await says(machine, "nc -w 5 127.0.0.1 22 </dev/null | head -c 4"), "", "port 22 answers");
    });
  });
}

test("what was wrong with an image is told with its play", async () => {
  const { notices } = await server.client.getPlayState(playId);
  const codes = notices.map(({ code, machine }) => `${machine} ${code}`);
  assert.ok(codes.includes("bare boot/no-sshd"), codes.join(", "));
  assert.ok(codes.includes("broken boot/sshd-not-enabled"), codes.join(", "));
  assert.deepEqual(
    codes.filter(code => code.startsWith("alpine ")),
    [],
  );
});

describe("reboot and poweroff from inside", { timeout: patient(900_000) }, () => {
  const machines = ["alpine", "broken", "bare"];
  /** Asks the machine to go down in a moment; its answer may not get out any more, then it has to be on its way. */
  async function soon(machine: string, command: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await says(machine, `(sleep 3; ${command}) >/dev/null 2>&1 </dev/null &`);
        return;
      } catch (error) {
        const lost = error instanceof Problem && error.code === "provisioning/connection-lost";
        if (!lost || attempt === 3) throw error;
        await delay(4000);
        const { machines: states } = await server.client.getPlayState(playId);
        if (states.find(({ name }) => name === machine)?.conditions[0]?.status !== "True") return;
      }
    }
  }

  const bootWarnings = async () =>
    (await server.client.getPlayState(playId)).notices
      .filter(({ code }) => code === "provisioning/boot-warning")
      .map(({ machine, message }) => `${machine}: ${message}`);

  test("a reboot is seen, and afterwards everything is as before; tasks and startup files are not repeated", async () => {
    const kept = {
      ...identity,
      runs: "cat /srv/data/runs /home/laborant/runs /root/runs 2>/dev/null",
      motd: "grep -c 'one line' /etc/motd",
      passwd: "cat /etc/passwd /etc/shadow",
      mounts: "grep '^/dev/vd' /proc/mounts | cut -d' ' -f1-3 | sort",
    };
    const look = () => Promise.all(machines.map(machine => facts(machine, kept)));
    const earlier = await look();
    const tasks = await server.client.listTasks(playId);
    const seen = untilState(server, playId, "rebooting", state =>
      state.machines.some(({ state: name }) => name === "REBOOTING"),
    );
    await Promise.all(machines.map(machine => soon(machine, "reboot")));
    const rebooting = (await seen).machines.find(({ state }) => state === "REBOOTING");
    assert.equal(rebooting?.conditions[0]?.status, "False");
    await untilState(
      server,
      playId,
      "ready again",
      state => isReady(state) && state.machines.every(({ state: name }) => name === "RUNNING"),
      bootMs * 2,
    );
    const { machines: after } = await server.client.getPlayState(playId);
    assert.deepEqual(
      after.map(({ problem }) => problem),
      [undefined, undefined, undefined],
    );
    assert.deepEqual(await look(), earlier);
    assert.deepEqual(await server.client.listTasks(playId), tasks);
  });

  test("a reset without a farewell is a reboot; a machine that hangs is not Ready, and comes back by a restart", async () => {
    const condition = (state: PlayState, machine: string) =>
      state.machines.find(({ name }) => name === machine)?.conditions[0]?.status;
    const reset = untilState(server, playId, "reset", state =>
      state.machines.some(({ name, state: now }) => name === "alpine" && now === "REBOOTING"),
    );
    // Its data drive is of no use any more: that must be told, and must not keep the machine from starting.
    await says("alpine", "umount /srv/data && dd if=/dev/vdb of=/root/head bs=4k count=1");
    const damage = "dd if=/dev/zero of=/dev/vdb bs=4k count=1; sync";
    await soon("alpine", `${damage}; echo 1 > /proc/sys/kernel/sysrq; echo b > /proc/sysrq-trigger`);
    await reset;
    const monitor = (await playProcesses(playId)).find(({ argv }) => argv.some(each => each.startsWith("guest=bare")));
    assert.ok(monitor !== undefined, "the machine has a monitor");
    process.kill(monitor.pid, "SIGSTOP");
    await untilState(server, playId, "unready", state => condition(state, "bare") === "False", patient(60_000));
    await server.client.act(playId, { action: "machine.restart", machine: "bare" });
    await untilState(
      server,
      playId,
      "ready again",
      state => isReady(state) && state.machines.every(({ state: name }) => name === "RUNNING"),
      bootMs,
    );
    assert.equal(await says("bare", "cat /proc/sys/kernel/hostname"), "bare");
    const [warning, ...others] = (await bootWarnings()).filter(text => text.startsWith("alpine: "));
    assert.match(warning ?? "", /cannot mount \/dev\/vdb on \/srv\/data as ext4 \(.*Invalid argument\)$/);
    assert.deepEqual(others, []);
    const { stdout } = await server.cli(["playground", "status", playId]);
    assert.match(stdout, /^Note: +"alpine" has started with a warning: cannot mount \/dev\/vdb/m);
    await says("alpine", "dd if=/root/head of=/dev/vdb bs=4k; sync");
  });

  test("machines that are switched off are STOPPED; one can be started again; a minute without any ends the play", async () => {
    await Promise.all(machines.map(machine => soon(machine, "poweroff")));
    const off = await untilState(server, playId, "off", state =>
      state.machines.every(({ state: name }) => name === "STOPPED"),
    );
    assert.equal(currentState(off), "RUNNING");
    assert.deepEqual(
      off.machines.map(({ problem }) => problem),
      [undefined, undefined, undefined],
    );
    await server.client.act(playId, { action: "machine.restart", machine: "alpine" });
    await untilState(server, playId, "one ready", state => state.machines[0]?.conditions[0]?.status === "True", bootMs);
    assert.deepEqual(await bootWarnings(), [], "the drive is mended, and nothing is said about it any more");
    assert.equal(await says("alpine", "head -n 1 /srv/data/runs"), "run");
    await soon("alpine", "poweroff");
    await untilIn(server, playId, "STOPPED", patient(120_000));
  });
});
