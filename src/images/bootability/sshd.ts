import type { BootFinding, Check } from "./finding.ts";
import { enableLine, installLine } from "./distribution.ts";
import type { ImageView } from "./image-view.ts";
import { expand, isLinkedTo } from "./program-fault.ts";
import { isWanted, maskOf } from "./units.ts";

const program = "/usr/sbin/sshd";
const configuration = "/etc/ssh/sshd_config";
const maxIncludeDepth = 5;
const maxPamFiles = 50;
const services = ["ssh.service", "sshd.service", "ssh.socket", "sshd.socket"];
const moduleDirectories = [
  "/lib/x86_64-linux-gnu/security",
  "/usr/lib/x86_64-linux-gnu/security",
  "/lib64/security",
  "/usr/lib64/security",
  "/lib/security",
  "/usr/lib/security",
];

/** The sshd behind the platform's channel, and the image's own service on port 22. */
export const checkSshd: Check = function* (image, init) {
  if (!image.exists(program)) return;
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
  yield* checkConfiguration(image);
  yield* checkPam(image);
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

function* checkConfiguration(image: ImageView): Generator<BootFinding> {
  const all = settings(image, configuration, 0);
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
  for (const { file, value } of global.filter(setting => setting.keyword === "hostkey")) {
    const isMade = /\/ssh_host_(rsa|ecdsa|ed25519)_key$/.test(value);
    if (isMade || image.exists(value)) continue;
    yield {
      code: "boot/sshd-config",
      severity: "warning",
      message: `${file} names the host key ${value}, which does not exist`,
      path: file,
      fix: `RUN sed -i '\\|${value}|d' ${file}`,
    };
  }
  const limits = global.filter(
    ({ keyword, value }) =>
      /^(allow|deny)(users|groups)$/.test(keyword) || (keyword === "permitrootlogin" && value.toLowerCase() === "no"),
  );
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

/** Keyword and value of each line, includes in their place. */
function settings(image: ImageView, file: string, depth: number): Setting[] {
  if (depth > maxIncludeDepth) return [];
  return image.lines(file).flatMap(line => {
    const [, word = "", rest = ""] = /^(\S+?)(?:\s*=\s*|\s+|$)(.*)$/.exec(line) ?? [];
    const keyword = word.toLowerCase();
    const value = rest.trim().replace(/^"(.*)"$/, "$1");
    if (keyword !== "include") return [{ file, keyword, value }];
    return value
      .split(/\s+/)
      .flatMap(pattern => expand(image, pattern.startsWith("/") ? pattern : `/etc/ssh/${pattern}`))
      .flatMap(included => settings(image, included, depth + 1));
  });
}

/** Only for an sshd that can use PAM: what it would ask for at a login. */
function* checkPam(image: ImageView): Generator<BootFinding> {
  if (isLinkedTo(image, program, "libpam.so") !== true) return;
  const file = image.firstOf("/etc/pam.d/sshd", "/usr/lib/pam.d/sshd");
  const usesPam = settings(image, configuration, 0).find(setting => setting.keyword === "usepam")?.value === "yes";
  const fix = installLine(image.family, "sshd", "pam");
  if (file === undefined) {
    if (!usesPam) return;
    yield {
      code: "boot/pam",
      severity: "warning",
      message: "sshd asks PAM, which has no rules for it: logins on port 22 fail",
      path: "/etc/pam.d/sshd",
      fix,
    };
    return;
  }
  const missing = new Set<string>();
  const seen = new Set([file]);
  for (const current of seen) {
    for (const line of image.lines(current)) {
      const [, include] = /^(?:@include\s+|\S+\s+(?:include|substack)\s+)(\S+)/.exec(line) ?? [];
      if (include !== undefined) {
        const found = image.firstOf(`/etc/pam.d/${include}`, `/usr/lib/pam.d/${include}`);
        if (found === undefined) missing.add(`the rules ${include}`);
        else if (seen.size < maxPamFiles) seen.add(found);
        continue;
      }
      // A leading "-" says that the module may be missing.
      const [, module] = /^[a-z]+\s+(?:\[[^\]]*\]|\S+)\s+(\S+\.so)\b/.exec(line) ?? [];
      if (module === undefined) continue;
      const exists = module.startsWith("/")
        ? image.exists(module)
        : moduleDirectories.some(directory => image.exists(`${directory}/${module}`));
      if (!exists) missing.add(module);
    }
  }
  if (missing.size === 0) return;
  yield {
    code: "boot/pam",
    severity: "warning",
    message: `PAM lacks ${[...missing].slice(0, 5).join(", ")}: logins may fail`,
    path: file,
    fix,
  };
}
