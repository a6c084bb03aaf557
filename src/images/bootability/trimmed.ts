import type { BootFinding, Check } from "./finding.ts";
import { installLine } from "./distribution.ts";
import type { ImageView } from "./image-view.ts";

/** Settings by which images for containers stay small: each file, the line that counts, and what undoes it. */
const traces: ReadonlyArray<{ path: string; line?: RegExp; undo: string }> = [
  { path: "/etc/dpkg/dpkg.cfg.d/docker", undo: "rm -f" },
  { path: "/etc/dpkg/dpkg.cfg.d/excludes", undo: "rm -f" },
  { path: "/etc/apt/apt.conf.d/docker-clean", undo: "rm -f" },
  { path: "/etc/dnf/dnf.conf", line: /^tsflags\s*=.*\bnodocs\b/, undo: "sed -i '/^tsflags.*nodocs/d'" },
  { path: "/etc/yum.conf", line: /^tsflags\s*=.*\bnodocs\b/, undo: "sed -i '/^tsflags.*nodocs/d'" },
  {
    path: "/etc/zypp/zypp.conf",
    line: /^rpm\.install\.excludedocs\s*=\s*(yes|true|on|1)\b/,
    undo: "sed -i '/^rpm.install.excludedocs/d'",
  },
  { path: "/etc/pacman.conf", line: /^NoExtract\s*=/, undo: "sed -i '/^NoExtract/d'" },
];

/** What images for containers leave out, and a person at a machine may miss. */
export const checkTrimmed: Check = function* (image) {
  yield* checkPackageManager(image);
  yield* checkCertificates(image);
  yield* checkKernel(image);
};

function* checkPackageManager(image: ImageView): Generator<BootFinding> {
  const found = traces.filter(({ path, line }) =>
    line === undefined ? image.exists(path) : image.lines(path).some(text => line.test(text)),
  );
  const [first] = found;
  if (first === undefined) return;
  const undone = new Map<string, string[]>();
  for (const { path, undo } of found) undone.set(undo, [...(undone.get(undo) ?? []), path]);
  yield {
    code: "boot/trimmed",
    severity: "info",
    message: "packages are installed without manuals or kept nowhere, as suits containers",
    path: first.path,
    fix:
      image.firstOf("/usr/bin/unminimize", "/usr/sbin/unminimize") === undefined
        ? `RUN ${[...undone].map(([undo, paths]) => `${undo} ${paths.join(" ")}`).join(" && ")}`
        : "RUN yes | unminimize",
  };
}

function* checkCertificates(image: ImageView): Generator<BootFinding> {
  if (
    image.firstOf(
      "/etc/ssl/certs/ca-certificates.crt",
      "/etc/pki/tls/certs/ca-bundle.crt",
      "/etc/ssl/cert.pem",
      "/etc/ssl/ca-bundle.pem",
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    ) === undefined
  ) {
    yield {
      code: "boot/no-certificates",
      severity: "info",
      message: "there are no certificates of authorities: programs cannot check who they talk to",
      path: "/etc/ssl/certs/ca-certificates.crt",
      fix: installLine(image.family, "certificates"),
    };
  }
}

function* checkKernel(image: ImageView): Generator<BootFinding> {
  const modules = image.names("/lib/modules");
  if (modules.length > 0 || image.names("/boot").some(name => /^(vmlinuz|bzImage)/.test(name))) {
    yield {
      code: "boot/own-kernel",
      severity: "info",
      message: `the image brings a kernel or modules${modules.length > 0 ? ` (${modules.join(", ")})` : ""}; machines run the platform's`,
      path: modules.length > 0 ? `/lib/modules/${modules[0]}` : "/boot",
      fix: "Leave kernel packages out of the image: they only take space.",
    };
  }
}
