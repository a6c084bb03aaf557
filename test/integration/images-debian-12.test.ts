import assert from "node:assert/strict";
import { before, test } from "node:test";
import { run } from "../../src/host/process.ts";
import type { BaseDrive } from "../../src/images/base-drive.ts";
import { ensureBaseDrive } from "../../src/images/ensure-base-drive.ts";
import { resolvePaths } from "../../src/store/paths.ts";

/** The real image, as set-up leaves it in the home directory; built here if it is not there yet. */

let drive: BaseDrive;
before(
  async () => {
    drive = await ensureBaseDrive({
      paths: resolvePaths(process.env, process.getuid?.() ?? 0),
      source: "debian-12",
      sizeBytes: 10 * 1024 ** 3,
      sizeIsExplicit: false,
      filesystem: "ext4",
      purpose: "root",
    });
  },
  { timeout: 15 * 60_000 },
);

async function debugfs(command: string): Promise<string> {
  const { stdout, stderr } = await run(["debugfs", "-R", command, drive.path], {
    env: { ...process.env, DEBUGFS_PAGER: "cat", PAGER: "cat" },
  });
  // What does not exist is only said on stderr, below a line about the version.
  return stdout || stderr;
}

test("it is a clean filesystem of the default size that boots with systemd, without any finding", async () => {
  await run(["e2fsck", "-fn", drive.path], { timeoutMs: 120_000 });
  assert.equal(drive.sizeBytes, 10 * 1024 ** 3);
  assert.equal(drive.initKind, "systemd");
  assert.deepEqual(drive.findings, []);
});

test("it has root and laborant with their passwords, shells and sudo", async () => {
  const accounts = drive.users.filter(user => user.uid === 0 || (user.uid >= 1000 && user.uid < 60000));
  assert.deepEqual(accounts, [
    { name: "root", uid: 0, gid: 0, home: "/root", shell: "/bin/bash" },
    { name: "laborant", uid: 1001, gid: 1001, home: "/home/laborant", shell: "/bin/bash" },
  ]);
  const shadow = await debugfs("cat /etc/shadow");
  for (const name of ["root", "laborant"]) {
    const [, salt, hash] = new RegExp(`^${name}:\\$6\\$([^$]+)\\$([^:]+):`, "m").exec(shadow) as unknown as string[];
    const { stdout } = await run(["openssl", "passwd", "-6", "-salt", salt as string, name]);
    assert.equal(stdout.trim(), `$6$${salt}$${hash}`);
  }
  assert.equal(await debugfs("cat /etc/sudoers.d/laborant"), "laborant ALL=(ALL:ALL) NOPASSWD:ALL\n");
  assert.match(await debugfs("stat /usr/bin/sudo"), /Mode:\s+04755/);
  assert.match(await debugfs("stat /home/laborant"), /User:\s+1001\s+Group:\s+1001/);
  assert.match(await debugfs("ea_list /usr/bin/ping"), /security\.capability/);
});

test("it carries no identity of its own, and placeholders where the platform writes", async () => {
  assert.match(await debugfs("stat /etc/machine-id"), /Type: regular[\s\S]*Size: 0\n/);
  assert.doesNotMatch(await debugfs("ls -l /etc/ssh"), /ssh_host/);
  assert.match(await debugfs("stat /etc/resolv.conf"), /Type: regular/);
  assert.match(await debugfs("stat /opt/iximiuz-labs"), /Type: directory/);
  assert.doesNotMatch(await debugfs("ls -l /"), /dockerenv/);
  assert.match(await debugfs("stat /home/laborant/.rootfs"), /Fast link dest: "\/"/);
});

test("ssh.service is on, ssh.socket off; update timers are masked; apt has its sources", async () => {
  const wants = await debugfs("ls -l /etc/systemd/system/multi-user.target.wants");
  assert.match(wants, /ssh\.service/);
  assert.doesNotMatch(await debugfs("ls -l /etc/systemd/system"), /sockets\.target\.wants/);
  for (const timer of ["apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer"]) {
    assert.match(await debugfs(`stat /etc/systemd/system/${timer}`), /"\/dev\/null"/);
  }
  assert.match(await debugfs("cat /etc/ssh/sshd_config.d/50-lab.conf"), /^AddressFamily inet$/m);
  assert.match(await debugfs("cat /etc/apt/sources.list"), /bookworm-security main/);
  assert.match(await debugfs("stat /etc/dpkg/dpkg.cfg.d/99mmdebstrap"), /not found/);
});

test("both users greet once, and only in an interactive shell", async () => {
  for (const path of ["/root/.bashrc", "/home/laborant/.bashrc"]) {
    const text = await debugfs(`cat ${path}`);
    const snippet = text.slice(text.indexOf("# The welcome of the playground"));
    const home = (await run(["mktemp", "-d"])).stdout.trim();
    try {
      const script =
        'cd "$HOME"; printf hello > .welcome; printf %s "$1" > rc; bash -c "$2"; bash --rcfile rc -i -c true; ls -A';
      const { stdout } = await run(["bash", "-c", script, "bash", snippet, "source ./rc"], {
        env: { ...process.env, HOME: home },
      });
      assert.equal(stdout, "hellorc\n");
    } finally {
      await run(["rm", "-rf", home]);
    }
  }
});
