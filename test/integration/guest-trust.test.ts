import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { authority, GuestRoot } from "./guest-root.ts";

// See guest-apply.test.ts: the script changes owners in a chroot.
const skip = process.getuid?.() === 0 ? false : "chroot and chown need root";
const suite = (name: string, body: () => Promise<void>): void => void test(name, { skip }, body);

const publicRoot = "-----BEGIN CERTIFICATE-----\nMIIBpublic\n-----END CERTIFICATE-----\n";
const clientFiles = ["docker", "containers", "containerd"].map(
  client => `/etc/${client}/certs.d/registry.iximiuz.com/ca.crt`,
);
const times = (text: string, part: string) => text.split(part).length - 1;

/** Files and links as the distributions have them; `bundle` is where the links lead. */
const layouts = {
  Debian: {
    files: { "/etc/debian_version": "12.0\n" },
    directories: ["/etc/ssl/certs"],
    bundle: "/etc/ssl/certs/ca-certificates.crt",
    links: {},
    anchor: "/usr/local/share/ca-certificates/labyard.crt",
  },
  Alpine: {
    files: { "/etc/alpine-release": "3.20.0\n" },
    directories: ["/etc/ssl/certs"],
    bundle: "/etc/ssl/certs/ca-certificates.crt",
    links: { "/etc/ssl/cert.pem": "certs/ca-certificates.crt" },
    anchor: "/usr/local/share/ca-certificates/labyard.crt",
  },
  Fedora: {
    files: {},
    directories: ["/etc/pki/ca-trust/source/anchors", "/etc/pki/tls/certs", "/etc/ssl"],
    bundle: "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    links: {
      "/etc/pki/tls/certs/ca-bundle.crt": "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
      "/etc/ssl/certs": "../pki/tls/certs",
    },
    anchor: "/etc/pki/ca-trust/source/anchors/labyard.crt",
  },
  Arch: {
    files: {},
    directories: ["/etc/ca-certificates/trust-source/anchors", "/etc/ssl/certs"],
    bundle: "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
    links: {
      "/etc/ssl/certs/ca-certificates.crt": "../../ca-certificates/extracted/tls-ca-bundle.pem",
      "/etc/ssl/cert.pem": "../ca-certificates/extracted/tls-ca-bundle.pem",
    },
    anchor: "/etc/ca-certificates/trust-source/anchors/labyard.crt",
  },
  openSUSE: {
    files: { "/usr/sbin/update-ca-certificates": "" },
    directories: ["/etc/pki/trust/anchors", "/var/lib/ca-certificates/pem", "/etc/ssl"],
    bundle: "/var/lib/ca-certificates/ca-bundle.pem",
    links: {
      "/etc/ssl/ca-bundle.pem": "../../var/lib/ca-certificates/ca-bundle.pem",
      "/etc/ssl/certs": "../../var/lib/ca-certificates/pem",
    },
    anchor: "/etc/pki/trust/anchors/labyard.crt",
  },
};

function rootLike({ files, directories, bundle, links }: (typeof layouts)[keyof typeof layouts]): GuestRoot {
  const root = new GuestRoot({ ...files, [bundle]: publicRoot });
  for (const directory of directories) mkdirSync(root.of(directory), { recursive: true });
  for (const [path, target] of Object.entries(links)) symlinkSync(target, root.of(path));
  return root;
}

for (const [name, layout] of Object.entries(layouts)) {
  suite(`the registry is trusted in an image like ${name}`, async () => {
    using root = rootLike(layout);
    chmodSync(root.of(layout.bundle), 0o444);
    const { ok, console } = await root.boot();
    assert.ok(ok, console);
    assert.doesNotMatch(console, /warning/);
    for (const path of [layout.anchor, ...clientFiles]) {
      assert.equal(root.read(path), authority.certificatePem);
      assert.equal(root.access(path), "644 0:0");
    }
    const bundle = root.read(layout.bundle);
    assert.ok(bundle.startsWith(publicRoot));
    assert.equal(times(bundle, authority.certificatePem), 1, bundle);
    assert.equal(root.access(layout.bundle), "444 0:0");
    assert.equal(readlinkSync(root.of("/etc/ssl/certs/0123abcd.0")), layout.anchor);
    for (const link of Object.keys(layout.links)) assert.ok(lstatSync(root.of(link)).isSymbolicLink(), link);

    // Another seed of the same play leaves it at one, another authority takes the place of the first.
    assert.ok((await root.boot({ nameservers: ["10.0.0.1"] })).ok);
    assert.equal(root.read(layout.bundle), bundle);
    const other = { certificatePem: authority.certificatePem.replace("MIIB", "MIIC"), subjectHash: "89abcdef" };
    assert.ok((await root.boot({}, {}, {}, other)).ok);
    for (const path of [layout.anchor, ...clientFiles]) assert.equal(root.read(path), other.certificatePem);
    const replaced = root.read(layout.bundle);
    assert.equal(times(replaced, other.certificatePem), 1);
    assert.equal(times(replaced, authority.certificatePem), 0);
    assert.equal(times(replaced, publicRoot), 1);
  });
}

suite("what the user made of the registry's files stays", async () => {
  using root = rootLike(layouts.Debian);
  assert.ok((await root.boot()).ok);
  const [docker, podman] = clientFiles as [string, string];
  root.write(docker, "the user's own\n");
  rmSync(root.of("/etc/ssl/certs/ca-certificates.crt"));
  assert.ok((await root.boot({ nameservers: ["10.0.0.1"] })).ok);
  assert.equal(root.read(docker), "the user's own\n");
  assert.equal(root.read(podman), authority.certificatePem);
  assert.equal(root.has("/etc/ssl/certs/ca-certificates.crt"), false, "no bundle is made where there is none");
});

suite("odd images boot all the same", async () => {
  using root = new GuestRoot({ "/etc/docker": "a file\n", "/etc/debian_version": "12\n" });
  mkdirSync(root.of("/etc/ssl/certs/ca-certificates.crt"), { recursive: true });
  symlinkSync("/nowhere/at/all", root.of("/etc/ssl/cert.pem"));
  symlinkSync("/dev/null", root.of("/etc/containers"));
  const { ok, console } = await root.boot();
  assert.ok(ok, console);
  assert.match(console, /^labyard: warning: cannot write the registry's authority: /m);
  assert.equal(root.read("/etc/docker"), "a file\n");
  assert.equal(root.read("/etc/hostname"), "web-01\n");
});

suite("a bundle that cannot be written is told, and the rest is done", async () => {
  using root = rootLike(layouts.Debian);
  const bundle = root.of(layouts.Debian.bundle);
  try {
    execFileSync("chattr", ["+i", bundle], { stdio: "ignore" });
  } catch {
    // Not every file system has the flag; the test above has met odd places already.
    return;
  }
  try {
    const { ok, console } = await root.boot();
    assert.ok(ok, console);
    assert.match(console, /^labyard: warning: cannot add the registry's authority to \/etc\/ssl\/certs/m);
    assert.equal(root.read(layouts.Debian.anchor), authority.certificatePem);
  } finally {
    execFileSync("chattr", ["-i", bundle]);
  }
});
