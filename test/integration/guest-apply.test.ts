import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import type { StartupFilePlan } from "../../src/plan/plan.ts";
import { GuestRoot, keys } from "./guest-root.ts";

// The script gives files to accounts of the image, for which a process needs root's capabilities in its chroot.
const skip = process.getuid?.() === 0 ? false : "chroot and chown need root";
const suite = (name: string, body: () => Promise<void>): void => void test(name, { skip }, body);

const file = (path: string, content: string, rest: Partial<StartupFilePlan> = {}): StartupFilePlan => ({
  path,
  content,
  append: false,
  ...rest,
});

const bootsWith = async (root: GuestRoot, ...startupFiles: StartupFilePlan[]) => {
  const { ok, console } = await root.boot({ startupFiles });
  assert.ok(ok, console);
};

const failsWith = async (root: GuestRoot, expected: RegExp, ...startupFiles: StartupFilePlan[]) => {
  const { ok, console } = await root.boot({ startupFiles });
  assert.equal(ok, false, console);
  assert.match(console, expected);
};

suite("the first boot gives the machine its identity", async () => {
  using root = new GuestRoot({
    "/etc/hostname": "buildhost\n",
    "/etc/hosts": "127.0.1.1 buildhost\n",
    "/etc/ssh/ssh_host_ed25519_key": "baked into the image\n",
    "/home/laborant/.profile": "",
  });
  chownSync(root.of("/home/laborant"), 1001, 1002);
  symlinkSync("/run/systemd/resolve/stub-resolv.conf", root.of("/etc/resolv.conf"));
  const plan = { hasInitConditions: true, initConditions: { "Database engine": 'it\'s "$(id)"', empty: "" } };
  const { ok, console } = await root.boot({ users: [{ name: "laborant", welcome: "Hi `id`" }] }, plan);

  assert.ok(ok, console);
  assert.equal(root.read("/etc/hostname"), "web-01\n");
  assert.match(
    root.read("/etc/hosts"),
    /^# labyard: begin.*\n127\.0\.0\.1\tlocalhost\n[^]*172\.16\.0\.2\tweb-01 web-01\.local\n# labyard: end\n127\.0\.1\.1 buildhost\n$/,
  );
  assert.equal(root.read("/etc/resolv.conf"), "nameserver 172.16.0.1\n");
  assert.match(root.read("/etc/machine-id"), /^[0-9a-f]{32}\n$/);
  assert.equal(root.read("/etc/ssh/ssh_host_ed25519_key"), keys.machines["web-01"]?.host.privateKey);
  assert.equal(root.access("/etc/ssh/ssh_host_ed25519_key"), "600 0:0");
  assert.match(root.read("/etc/ssh/ssh_known_hosts"), /^web-01,web-01\.local,172\.16\.0\.2 ssh-ed25519 /m);
  assert.deepEqual(JSON.parse(root.read("/opt/iximiuz-labs/init-conditions.json")), plan.initConditions);
  for (const [home, owner] of [
    ["/root", "0:0"],
    ["/home/laborant", "1001:1002"],
  ]) {
    assert.equal(root.access(`${home}/.ssh`), `700 ${owner}`);
    assert.equal(root.access(`${home}/.ssh/authorized_keys`), `600 ${owner}`);
    assert.equal(root.access(`${home}/.ssh/id_ed25519`), `600 ${owner}`);
    assert.equal(root.read(`${home}/.ssh/id_ed25519`), keys.trust.privateKey);
    assert.ok(root.read(`${home}/.ssh/authorized_keys`).includes(keys.trust.publicKey));
  }
  assert.equal(root.read("/home/laborant/.welcome"), "Hi `id`\n");
  assert.equal(root.access("/home/laborant/.welcome"), "644 1001:1002");
  assert.equal(root.read("/run/labyard/seed/work/init"), "/sbin/init other /usr/sbin/sshd\n");
  for (const file of ["sshd_config", "people_sshd_config"])
    assert.match(root.read(`/run/labyard/${file}`), /^UsePAM no$/m);
  assert.ok(root.read("/run/labyard/authorized_keys").includes(keys.channel.publicKey));
  assert.equal(root.access("/run/labyard/ssh_host_ed25519_key"), "600 0:0");
});

suite("a file the user changed stays, a file as we left it follows the play", async () => {
  using root = new GuestRoot({ "/home/laborant/.ssh/id_ed25519": "the user's own\n" });
  assert.ok((await root.boot()).ok);
  assert.equal(root.read("/home/laborant/.ssh/id_ed25519"), "the user's own\n");
  root.write("/etc/hostname", "renamed\n");
  root.write("/etc/hosts", `${root.read("/etc/hosts")}10.9.9.9 mine\n`);

  assert.ok((await root.boot({ nameservers: ["10.0.0.53"], hosts: [{ address: "10.0.0.9", names: ["other"] }] })).ok);

  assert.equal(root.read("/etc/hostname"), "renamed\n");
  assert.equal(root.read("/etc/resolv.conf"), "nameserver 10.0.0.53\n");
  assert.match(root.read("/etc/hosts"), /10\.0\.0\.9\tother\n# labyard: end\n10\.9\.9\.9 mine\n$/);
  assert.doesNotMatch(root.read("/etc/hosts"), /172\.16/);
  assert.equal(root.read("/etc/hosts").match(/labyard: begin/g)?.length, 1);
  assert.equal(root.read("/home/laborant/.ssh/id_ed25519"), "the user's own\n");

  assert.ok((await root.boot({ nameservers: ["10.0.0.54"] })).ok);
  assert.equal(root.read("/etc/hostname"), "renamed\n", "still the user's after two changes of the play");
  assert.equal(root.read("/etc/resolv.conf"), "nameserver 10.0.0.54\n");
});

suite("a reboot touches nothing", async () => {
  using root = new GuestRoot();
  assert.ok((await root.boot({ startupFiles: [file("/etc/a", "a")] })).ok);
  root.write("/etc/a", "b");
  root.write("/etc/hosts", "emptied\n");
  const before = checksums(root);
  const { ok, console } = await root.boot({ startupFiles: [file("/etc/a", "a")] });
  assert.ok(ok, console);
  assert.equal(checksums(root), before);
});

suite("a welcome is written once a play, and a dash deletes it", async () => {
  using root = new GuestRoot({ "/root/.welcome": "of the image\n" });
  const users = [
    { name: "root", welcome: null },
    { name: "laborant", welcome: "#!/bin/sh\necho hi" },
  ];
  assert.ok((await root.boot({ users })).ok);
  assert.equal(root.has("/root/.welcome"), false);
  assert.equal(root.access("/home/laborant/.welcome"), "755 1001:1002");
  execFileSync("rm", [root.of("/home/laborant/.welcome")]);
  assert.ok((await root.boot({ users, nameservers: ["10.0.0.1"] })).ok);
  assert.equal(root.has("/home/laborant/.welcome"), false, "shown already in this play");
  assert.ok((await root.boot({ users }, { playId: "ffffffffffffffffffffffff" })).ok);
  assert.equal(root.has("/home/laborant/.welcome"), true, "another play on the same drive");
});

suite("init conditions on a saved drive are left alone", async () => {
  using root = new GuestRoot();
  const path = "/opt/iximiuz-labs/init-conditions.json";
  assert.ok((await root.boot({}, { hasInitConditions: true, initConditions: { a: "1" } })).ok);
  assert.ok((await root.boot({}, { playId: "f".repeat(24), hasInitConditions: true, initConditions: { a: "2" } })).ok);
  assert.deepEqual(JSON.parse(root.read(path)), { a: "1" });
});

suite("an entry is applied once in the life of a drive, also after a crash and in another play", async () => {
  using root = new GuestRoot({ "/etc/motd": "first" });
  const entry = file("/etc/motd", "second\n", { append: true });
  await bootsWith(root, entry);
  await bootsWith(root, entry);
  assert.equal(root.read("/etc/motd"), "first\nsecond\n", "one newline inserted, one application");
  await bootsWith(root, entry, file("/etc/motd", "third", { append: true }));
  assert.equal(root.read("/etc/motd"), "first\nsecond\nthird");
  assert.ok((await root.boot({ startupFiles: [entry] }, { playId: "f".repeat(24) })).ok);
  assert.equal(root.read("/etc/motd"), "first\nsecond\nthird");
});

suite("the same entry twice in a manifest is applied twice", async () => {
  using root = new GuestRoot();
  const entry = file("/etc/list", "x\n", { append: true });
  await bootsWith(root, entry, entry);
  await bootsWith(root, entry, entry);
  assert.equal(root.read("/etc/list"), "x\nx\n");
});

suite("appending keeps owner and mode, replacing resets them", async () => {
  using root = new GuestRoot({ "/srv/a": "a\n", "/srv/b": "b\n", "/srv/c": "" });
  for (const name of ["a", "b", "c"]) chownSync(root.of(`/srv/${name}`), 5, 6);
  execFileSync("chmod", ["4750", root.of("/srv/a"), root.of("/srv/b")]);
  await bootsWith(
    root,
    file("/srv/a", "+", { append: true }),
    file("/srv/b", "new"),
    file("/srv/c", "+", { append: true, owner: "laborant", mode: "2640" }),
  );
  assert.equal(root.access("/srv/a").split(" ")[1], "5:6");
  assert.equal(root.read("/srv/a"), "a\n+");
  assert.equal(root.access("/srv/b"), "644 0:0");
  assert.equal(root.read("/srv/b"), "new");
  assert.equal(root.access("/srv/c"), "2640 1001:1002");
  assert.equal(root.read("/srv/c"), "+", "no newline before the first line of an empty file");
});

suite("owners are looked up in the image, and new directories belong to them", async () => {
  using root = new GuestRoot();
  await bootsWith(
    root,
    file("/home/laborant/.config/app/x", "1", { owner: "laborant" }),
    file("/d/user-group", "", { owner: "laborant:docker", mode: "600" }),
    file("/d/uid", "", { owner: "1001" }),
    file("/d/unknown-uid", "", { owner: "4242" }),
    file("/d/uid-gid", "", { owner: "7:8" }),
    file("/d/name-gid", "", { owner: "daemon:8" }),
  );
  assert.equal(root.access("/home/laborant/.config"), "755 1001:1002");
  assert.equal(root.access("/home/laborant/.config/app"), "755 1001:1002");
  assert.equal(root.access("/home/laborant"), "755 1001:1002");
  assert.equal(root.access("/d/user-group"), "600 1001:998");
  assert.equal(root.access("/d/uid"), "644 1001:1002");
  assert.equal(root.access("/d/unknown-uid"), "644 4242:0");
  assert.equal(root.access("/d/uid-gid"), "644 7:8");
  assert.equal(root.access("/d/name-gid"), "644 1:8");
});

suite("links are resolved as the machine would, never outside of it", async () => {
  using root = new GuestRoot({ "/opt/real/inside": "" });
  using outside = new GuestRoot();
  symlinkSync("/opt/real", root.of("/etc/absolute"));
  symlinkSync("../../../../../../../../opt/real", root.of("/etc/climbing"));
  symlinkSync("/opt/not/yet/there", root.of("/etc/dangling"));
  symlinkSync("/opt/late", root.of("/etc/late-directory"));
  symlinkSync(outside.of("/etc"), root.of("/etc/host"));
  await bootsWith(
    root,
    file("/etc/absolute/a", "1"),
    file("/etc/climbing/b", "2"),
    file("/etc/dangling", "3", { owner: "laborant" }),
    file("/etc/late-directory/d", "4"),
    file("/etc/host/e", "5"),
  );
  assert.equal(root.read("/opt/real/a"), "1");
  assert.equal(root.read("/opt/real/b"), "2");
  assert.equal(root.read("/opt/not/yet/there"), "3");
  assert.equal(root.access("/opt/not/yet"), "755 1001:1002");
  assert.equal(readlinkSync(root.of("/etc/dangling")), "/opt/not/yet/there");
  assert.equal(root.read("/opt/late/d"), "4");
  assert.equal(outside.has("/etc/e"), false);
  assert.equal(root.read(`${outside.path}/etc/e`), "5", "the same path, inside");
});

suite("what cannot be done ends the boot with one clear line", async () => {
  using root = new GuestRoot({ "/etc/a-file": "" });
  symlinkSync("circle-b", root.of("/etc/circle-a"));
  symlinkSync("circle-a", root.of("/etc/circle-b"));
  symlinkSync("/proc/1/root/etc", root.of("/etc/escape"));
  mkdirSync(root.of("/etc/a-directory"));
  execFileSync("mkfifo", [root.of("/etc/a-pipe")]);
  const cases: Array<[StartupFilePlan, RegExp]> = [
    [file("/etc/circle-a/x", ""), /^labyard: startup: \/etc\/circle-a\/x: its symbolic links go round in a circle$/m],
    [file("/etc/circle-a", ""), /its symbolic links go round in a circle$/m],
    [file("/etc/escape/passwd", "x"), /leads to \/proc\/1\/root\/etc\/passwd, which is not on a drive$/m],
    [file("/etc/a-directory", ""), /\/etc\/a-directory: exists and is not a regular file$/m],
    [file("/etc/a-pipe", ""), /\/etc\/a-pipe: exists and is not a regular file$/m],
    [file("/etc/a-file/x", ""), /\/etc\/a-file\/x: \/etc\/a-file is not a directory$/m],
    [
      file("/x", "", { owner: "nobody" }),
      /^labyard: files: the owner "nobody" of \/x does not exist in the image \(it has: root daemon laborant sshd\)$/m,
    ],
    [file("/x", "", { owner: "root:wheel" }), /the group "wheel" of \/x does not exist in the image$/m],
  ];
  for (const [entry, line] of cases) await failsWith(root, line, entry);
  const { console } = await root.boot({ users: [{ name: "ubuntu" }] });
  assert.match(
    console,
    /^labyard: files: the user "ubuntu" does not exist in the image \(it has: root daemon laborant sshd\)$/m,
  );
  execFileSync("rm", [root.of("/usr/sbin/sshd")]);
  assert.match((await root.boot()).console, /^labyard: files: the image has no \/usr\/sbin\/sshd/m);
  execFileSync("rm", [root.of("/sbin/init"), root.of("/bin/sh")]);
  assert.match((await root.boot()).console, /^labyard: files: the image has no init/m);
});

suite("nothing of an author's text is run or changed", async () => {
  using root = new GuestRoot();
  const content =
    "#!/bin/sh\n$(touch /pwned) `touch /pwned` \\n %s \\\\ 'quotes\" \u00e4\u{1f427}\ttab\r\nno final newline";
  const path = "/srv/a $(touch /pwned) 'b' \"c\" *?[x] \\n/-e %s";
  await bootsWith(root, file(path, content), file("/-rf", "dash"), file("/etc/hosts", "10.1.1.1 x", { append: true }));
  assert.equal(root.read(path), content);
  assert.equal(root.read("/-rf"), "dash");
  assert.equal(root.has("/pwned"), false);
  assert.match(root.read("/etc/hosts"), /# labyard: end\n10\.1\.1\.1 x$/);
});

suite("what belongs into /run comes back at every boot", async () => {
  using root = new GuestRoot();
  symlinkSync("/run", root.of("/var-run"));
  const entries = [file("/var-run/app/flag", "1")];
  await bootsWith(root, ...entries);
  await bootsWith(root, ...entries);
  assert.equal(root.read("/run/app/flag"), "1");
});

const sshdWithPam = { path: "/usr/sbin/sshd", content: "libpam.so.0" };
const shadow = "root:!:19000::::::\nlaborant:!$y$hash:19000::::::\nother:!:19000::::::\n";

suite("a locked account still lets the platform in: by PAM where there is a password to keep, else by a mended line", async () => {
  using root = new GuestRoot({ "/etc/shadow": shadow, "/etc/pam.d/sshd": "" });
  root.write(sshdWithPam.path, sshdWithPam.content, 0o755);
  assert.ok((await root.boot()).ok);
  for (const file of ["sshd_config", "people_sshd_config"])
    assert.match(root.read(`/run/labyard/${file}`), /^UsePAM yes$/m);
  assert.equal(root.read("/etc/shadow"), shadow.replace("root:!", "root:*"));
});

suite("without PAM a locked password gets a mark in front that sshd does not take for a locked account", async () => {
  using root = new GuestRoot({ "/etc/shadow": shadow });
  root.write(sshdWithPam.path, sshdWithPam.content, 0o755);
  assert.ok((await root.boot()).ok);
  for (const file of ["sshd_config", "people_sshd_config"])
    assert.match(root.read(`/run/labyard/${file}`), /^UsePAM no$/m);
  assert.equal(root.read("/etc/shadow"), shadow.replace("root:!", "root:*").replace("laborant:!", "laborant:*!"));
});

suite("shells of no use are replaced for those who have to get in, and sshd gets its user", async () => {
  using root = new GuestRoot({
    "/etc/passwd": [
      "root:x:0:0:root:/root:/usr/sbin/nologin",
      "guest:x:74:74::/:/bin/gone",
      "laborant:x:1001:1002:,,,:/home/laborant:/bin/gone",
    ].join("\n"),
  });
  root.write("/usr/sbin/nologin", "#!/bin/sh\n", 0o755);
  const { ok, console } = await root.boot();
  assert.ok(ok);
  assert.match(console, /labyard: warning: the login shell \/usr\/sbin\/nologin of root is of no use/);
  const wanted = [
    "root:x:0:0:root:/root:/bin/sh",
    "guest:x:74:74::/:/bin/gone",
    "laborant:x:1001:1002:,,,:/home/laborant:/bin/sh",
    "sshd:x:75:65534::/run/sshd:/sbin/nologin",
    "",
  ].join("\n");
  assert.equal(root.read("/etc/passwd"), wanted);
  const again = await root.boot();
  assert.doesNotMatch(again.console, /warning/);
  assert.equal(root.read("/etc/passwd"), wanted);
});

suite("the kind of the init is told to those who wait for it", async () => {
  using root = new GuestRoot({ "/etc/inittab": "::sysinit:/sbin/openrc sysinit\n" });
  assert.ok((await root.boot()).ok);
  assert.equal(root.read("/run/labyard/init"), "openrc\n");
  root.write("/etc/inittab", "# /sbin/openrc sysinit\n");
  assert.ok((await root.boot()).ok);
  assert.equal(root.read("/run/labyard/init"), "other\n");
});

suite("an sshd that the platform lends comes before that of the image", async () => {
  using root = new GuestRoot();
  rmSync(root.of("/usr/sbin/sshd"));
  assert.match((await root.boot()).console, /labyard: files: the image has no \/usr\/sbin\/sshd/);
  assert.ok((await root.boot({}, {}, { "labyard/sshd/sshd": "lent" })).ok);
  assert.equal(root.read("/run/labyard/seed/work/init"), "/sbin/init other /run/labyard/sshd/sshd\n");
});

/** Of every file but those in /run. */
function checksums(root: GuestRoot): string {
  const listing = execFileSync(
    "find",
    [root.path, "-path", root.of("/run"), "-prune", "-o", "-printf", "%p %m %U:%G %l %T@\n"],
    {
      encoding: "utf8",
    },
  );
  // The directory /run is made anew by the test itself.
  return listing
    .split("\n")
    .filter(line => !line.startsWith(`${root.path} `))
    .toSorted()
    .join("\n");
}
