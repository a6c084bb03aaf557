import type { BootFinding, Check } from "./finding.ts";
import { enableLine, installLine, reinstallLine } from "./distribution.ts";
import type { ImageView } from "./image-view.ts";
import { expand } from "./program-fault.ts";
import { sshdPath } from "./sshd-program.ts";
import { hasUnit, isWanted, maskOf } from "./units.ts";

/** openSUSE keeps what a package brings apart from what an administrator wrote. */
const configurations = ["/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"];
const maxIncludeDepth = 5;
const maxFiles = 200;
const services = ["ssh.service", "sshd.service", "ssh.socket", "sshd.socket"];
const usualHostKey = /^\/etc\/ssh\/ssh_host_(rsa|ecdsa|ed25519)_key$/;
const ownHostKey = /^\/etc\/ssh\/ssh_host_ed25519_key$/;
const keyMakers = ["sshd-keygen@.service", "sshd-keygen.service", "ssh-keygen.service", "sshdgenkeys.service"];

/** The sshd behind the platform's channel, and the image's own service on port 22. */
export const checkSshd: Check = function* (image, init) {
  if (!image.exists(sshdPath)) return;
  // Image-based systems keep the accounts of packages below /usr.
  const hasUser =
    image.accounts.some(user => user.name === "sshd") || /^sshd:/m.test(image.text("/usr/lib/passwd") ?? "");
  if (image.accounts.length > 0 && !hasUser) {
    yield {
      code: "boot/no-sshd-user",
      severity: "info",
      message: "there is no user sshd, without whom sshd does not start; it is added at the start of each machine",
      path: "/etc/passwd",
      fix: `RUN echo 'sshd:x:74:74:sshd:/run/sshd:/sbin/nologin' >> /etc/passwd && echo 'sshd:x:74:' >> /etc/group  # or ${installLine(image.family, "sshd").slice(4)}`,
    };
  }
  yield* checkEnabled(image, init);
  yield* checkConfiguration(image, init);
};

function* checkEnabled(image: ImageView, init: string): Generator<BootFinding> {
  const fix = enableLine(image.family, { debian: "ssh.service", other: "sshd.service", openrc: "sshd" });
  const without = "the machine does not answer on port 22; terminals and tasks are not concerned";
  if (init === "openrc" && image.entry("/etc/runlevels/default/sshd") === undefined) {
    yield {
      code: "boot/sshd-not-enabled",
      severity: "warning",
      message: `sshd is not started at boot: ${without}`,
      path: "/etc/runlevels/default/sshd",
      fix,
    };
  }
  if (init !== "systemd") return;
  const masks = services.flatMap(unit => maskOf(image, unit) ?? []);
  if (services.some(unit => isWanted(image, unit) && maskOf(image, unit) === undefined)) return;
  yield {
    code: "boot/sshd-not-enabled",
    severity: "warning",
    message: `${masks.length > 0 ? "the ssh service is masked" : "nothing starts the ssh service"}: ${without}`,
    path: masks[0] ?? "/etc/systemd/system/multi-user.target.wants",
    fix: masks.length > 0 ? `RUN rm -f ${masks.join(" ")} && ${fix.slice(4)}` : fix,
  };
}

interface Setting {
  file: string;
  keyword: string;
  value: string;
}

function* checkConfiguration(image: ImageView, init: string): Generator<BootFinding> {
  if (image.firstOf(...configurations) === undefined) {
    yield {
      code: "boot/sshd-config",
      severity: "warning",
      message: `the ssh service does not start: ${configurations[0]} does not exist`,
      path: configurations[0] as string,
      fix:
        image.family === "debian"
          ? `RUN cp /usr/share/openssh/sshd_config ${configurations[0]}`
          : reinstallLine(image.family, "sshd"),
    };
  }
  const all = sshdSettings(image);
  // The first value counts; what follows a Match is only for some.
  const global = all.slice(0, all.findIndex(setting => setting.keyword === "match") >>> 0);
  for (const { file, keyword } of all.filter(setting => setting.value === "" || !/^[a-z0-9]+$/.test(setting.keyword))) {
    yield {
      code: "boot/sshd-config",
      severity: "warning",
      message: `the ssh service does not start: ${file} has a line "${keyword}" without a value`,
      path: file,
      fix: `RUN sshd -t  # says where the mistake is`,
    };
  }
  yield* checkHostKeys(
    image,
    init,
    global.filter(setting => setting.keyword === "hostkey"),
  );
  yield* checkLimits(global);
}

/** The platform brings an Ed25519 key under its usual name. Others are made by a service of some distributions. */
function* checkHostKeys(image: ImageView, init: string, hostKeys: readonly Setting[]): Generator<BootFinding> {
  const isLost = ({ value }: Setting) => !image.exists(value) && !ownHostKey.test(value);
  for (const { file, value } of hostKeys.filter(key => isLost(key) && !usualHostKey.test(key.value))) {
    yield {
      code: "boot/sshd-config",
      severity: "warning",
      message: `${file} names the host key ${value}, which does not exist`,
      path: file,
      fix: `RUN sed -i '\\|${value}|d' ${file}`,
    };
  }
  const [first] = hostKeys;
  if (first === undefined || !hostKeys.every(key => isLost(key) && usualHostKey.test(key.value))) return;
  if (init !== "systemd" || image.exists("/usr/sbin/sshd-gen-keys-start")) return;
  if (keyMakers.some(unit => hasUnit(image, unit) && maskOf(image, unit) === undefined)) return;
  yield {
    code: "boot/sshd-config",
    severity: "warning",
    message: `the ssh service does not start: of the host keys that ${first.file} names there is none, and nothing makes them`,
    path: first.value,
    fix: `RUN sed -i 's|^HostKey .*|HostKey /etc/ssh/ssh_host_ed25519_key|' ${first.file}  # every machine gets this one`,
  };
}

function* checkLimits(global: readonly Setting[]): Generator<BootFinding> {
  const ports = global.filter(({ keyword }) => keyword === "port");
  const limits = global.filter(({ keyword, value }) => {
    switch (keyword) {
      case "permitrootlogin":
      case "pubkeyauthentication":
        return value.toLowerCase() === "no";
      case "authorizedkeysfile":
        return !/\.ssh\/authorized_keys\b/.test(value);
      case "port":
        return !ports.some(port => port.value === "22");
      default:
        return /^(allow|deny)(users|groups)$/.test(keyword);
    }
  });
  const [first] = limits;
  if (first === undefined) return;
  yield {
    code: "boot/sshd-restricted",
    severity: "info",
    message: `not everybody can log in on port 22: ${limits.map(({ keyword, value }) => `${keyword} ${value}`).join("; ")}`,
    path: first.file,
    fix: "Nothing has to be done if that is intended; terminals and tasks are not concerned.",
  };
}

/** Keyword and value of each line of sshd's configuration, includes in their place. */
export function sshdSettings(image: ImageView): Setting[] {
  const file = image.firstOf(...configurations);
  return file === undefined ? [] : settings(image, file, { depth: 0, budget: { files: maxFiles } });
}

/** The budget is for all files together: patterns that include each other would multiply. */
function settings(
  image: ImageView,
  file: string,
  { depth, budget }: { depth: number; budget: { files: number } },
): Setting[] {
  if (depth > maxIncludeDepth || budget.files-- <= 0) return [];
  return image.lines(file).flatMap(line => {
    const [, word = "", rest = ""] = /^(\S+?)(?:\s*=\s*|\s+|$)(.*)$/.exec(line) ?? [];
    const keyword = word.toLowerCase();
    const value = rest.trim().replace(/^"(.*)"$/, "$1");
    if (keyword !== "include") return [{ file, keyword, value }];
    return value
      .split(/\s+/)
      .flatMap(pattern => expand(image, pattern.startsWith("/") ? pattern : `/etc/ssh/${pattern}`))
      .flatMap(included => settings(image, included, { depth: depth + 1, budget }));
  });
}
