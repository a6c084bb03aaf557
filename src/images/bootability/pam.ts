import type { Check } from "./finding.ts";
import { reinstallLine } from "./distribution.ts";
import type { ImageView } from "./image-view.ts";
import { libraryDirectories } from "./library-directories.ts";
import { isLinkedTo } from "./program-fault.ts";
import { sshdSettings } from "./sshd.ts";
import { sshdKnowsPam } from "./sshd-program.ts";

const maxFiles = 50;
const ruleDirectories = ["/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d", "/usr/share/pam.d"];

interface Service {
  name: string;
  /** Whether the program asks PAM. */
  isUsed: (image: ImageView) => boolean;
  /** What fails without rules. */
  use: string;
}

const services: readonly Service[] = [
  {
    name: "sshd",
    isUsed: image => sshdKnowsPam(image) === true && usesPam(image),
    use: "logins on port 22",
  },
  { name: "login", isUsed: image => isLinked(image, "/bin/login", "/usr/bin/login"), use: "logins on the console" },
  { name: "su", isUsed: image => isLinked(image, "/bin/su", "/usr/bin/su"), use: "su" },
  {
    name: "sudo",
    isUsed: image =>
      image.exists("/usr/bin/sudo") &&
      isLinked(image, "/usr/libexec/sudo/sudoers.so", "/usr/lib/sudo/sudoers.so", "/usr/lib64/sudo/sudoers.so"),
    use: "sudo",
  },
];

/** What the programs that let people in would ask PAM for. */
export const checkPam: Check = function* (image) {
  const lacking = new Map<string, { file: string; uses: string[] }>();
  for (const { name, use } of services.filter(({ isUsed }) => isUsed(image))) {
    const own = rulesOf(image, name);
    const file = own ?? rulesOf(image, "other");
    if (file === undefined) {
      yield {
        code: "boot/pam",
        severity: "warning",
        message: `${name} asks PAM, which has no rules for it: ${use} fail`,
        path: `${ruleDirectories[0]}/${name}`,
        fix: reinstallLine(image.family, name === "sshd" || name === "sudo" ? name : "login", "pam"),
      };
      continue;
    }
    for (const missing of missingFor(image, file)) {
      const known = lacking.get(missing);
      if (known === undefined) lacking.set(missing, { file, uses: [use] });
      else known.uses.push(use);
    }
  }
  const [first] = lacking.values();
  if (first === undefined) return;
  const uses = new Set([...lacking.values()].flatMap(each => each.uses));
  yield {
    code: "boot/pam",
    severity: "warning",
    message: `PAM lacks ${[...lacking.keys()].slice(0, 5).join(", ")}: ${[...uses].join(", ")} may fail`,
    path: first.file,
    fix: `${reinstallLine(image.family, "pam")}${image.family === "debian" ? " && pam-auth-update --force" : ""}`,
  };
};

/** Modules and further rules that the rules of a service name and the image does not have. */
function missingFor(image: ImageView, file: string): Set<string> {
  const missing = new Set<string>();
  const seen = new Set([file]);
  for (const current of seen) {
    for (const line of image.lines(current)) {
      const [, include] = /^(?:@include\s+|\S+\s+(?:include|substack)\s+)(\S+)/.exec(line) ?? [];
      if (include !== undefined) {
        const found = rulesOf(image, include);
        if (found === undefined) missing.add(`the rules ${include}`);
        else if (seen.size < maxFiles) seen.add(found);
        continue;
      }
      // A leading "-" says that the module may be missing, "optional" that what it says does not count.
      const [, control, module] = /^[a-z]+\s+(\[[^\]]*\]|\S+)\s+(\S+\.so)\b/.exec(line) ?? [];
      if (module === undefined || control === "optional" || control?.includes("module_unknown=ignore")) continue;
      const exists = module.startsWith("/")
        ? image.exists(module)
        : libraryDirectories.some(directory => image.exists(`${directory}/security/${module}`));
      if (!exists) missing.add(module);
    }
  }
  return missing;
}

function rulesOf(image: ImageView, name: string): string | undefined {
  return name.startsWith("/")
    ? image.firstOf(name)
    : image.firstOf(...ruleDirectories.map(directory => `${directory}/${name}`));
}

/** Upstream leaves PAM off; the configurations of distributions turn it on. */
function usesPam(image: ImageView): boolean {
  return (
    sshdSettings(image)
      .find(({ keyword }) => keyword === "usepam")
      ?.value.toLowerCase() === "yes"
  );
}

function isLinked(image: ImageView, ...paths: readonly string[]): boolean {
  const path = image.firstOf(...paths);
  return path !== undefined && isLinkedTo(image, path, "libpam.so") === true;
}
