import { parseGroup } from "../accounts.ts";
import type { BootFinding, Check } from "./finding.ts";
import { installLine } from "./distribution.ts";
import type { ImageView } from "./image-view.ts";
import { sshdKnowsPam } from "./sshd-program.ts";

/** Whether the people of the image can log in. */
export const checkAccounts: Check = function* (image) {
  const path = "/etc/passwd";
  if (!image.accounts.some(user => user.name === "root" && user.uid === 0)) {
    yield {
      code: "boot/no-root-account",
      severity: "error",
      message: "/etc/passwd is missing or has no root account",
      path,
      fix: installLine(image.family, "base"),
    };
    return;
  }
  const groups = new Set(parseGroup(image.text("/etc/group") ?? "").map(group => group.gid));
  const shells = image.lines("/etc/shells");
  for (const user of image.people) {
    const shell = image.find(user.shell)?.node;
    if (shell?.type !== "file" || (shell.mode & 0o111) === 0) {
      yield {
        code: "boot/no-shell",
        severity: "warning",
        message: `the shell of ${user.name}, ${user.shell}, does not exist; users that a machine lists get /bin/sh instead`,
        path: user.shell,
        fix: `RUN sed -i 's|^\\(${user.name}:.*:\\)[^:]*$|\\1/bin/sh|' ${path}`,
      };
    } else if (shells.length > 0 && !shells.includes(user.shell) && !/\/(nologin|false)$/.test(user.shell)) {
      yield {
        code: "boot/shell-not-listed",
        severity: "info",
        message: `the shell of ${user.name}, ${user.shell}, is not in /etc/shells: some programs refuse the user`,
        path: "/etc/shells",
        fix: `RUN echo ${user.shell} >> /etc/shells`,
      };
    }
    if (!groups.has(user.gid)) {
      yield {
        code: "boot/no-group",
        severity: "warning",
        message: `the main group of ${user.name}, ${user.gid}, is not in /etc/group`,
        path: "/etc/group",
        fix: `RUN echo '${user.name}:x:${user.gid}:' >> /etc/group`,
      };
    }
    yield* checkHome(image, user);
    yield* checkKeys(image, user);
  }
  yield* checkLocked(image);
  yield* checkLoginRules(image);
};

function* checkHome(image: ImageView, user: ImageView["people"][number]): Generator<BootFinding> {
  const home = image.find(user.home);
  if (home === undefined) {
    yield {
      code: "boot/no-home",
      severity: "info",
      message: `the home ${user.home} of ${user.name} does not exist; it is made, empty, for users that a machine lists`,
      path: user.home,
      fix: `RUN mkdir -p ${user.home} && chown ${user.uid}:${user.gid} ${user.home}`,
    };
    return;
  }
  const isOthers = home.node.uid !== user.uid && home.node.uid !== 0;
  const isOpen = (home.node.mode & 0o022) !== 0;
  // A service's home is elsewhere; sshd's own check is only about directories that a person would use.
  if (home.node.type !== "directory" || (!isOthers && !isOpen && (home.node.uid === user.uid || home.path === "/")))
    return;
  yield {
    code: "boot/home-permissions",
    severity: "warning",
    message: isOpen
      ? `others may write to the home ${user.home} of ${user.name}: the ssh service of the image refuses its keys`
      : `the home ${user.home} of ${user.name} belongs to user ${home.node.uid}`,
    path: user.home,
    fix: `RUN chown -R ${user.uid}:${user.gid} ${user.home} && chmod go-w ${user.home}`,
  };
}

/** What sshd's StrictModes asks of the files between a home and its keys (sshd_config(5)). */
function* checkKeys(image: ImageView, user: ImageView["people"][number]): Generator<BootFinding> {
  const directory = `${user.home.replace(/\/$/, "")}/.ssh`;
  for (const path of [directory, `${directory}/authorized_keys`]) {
    const node = image.find(path)?.node;
    if (node === undefined) continue;
    const isOthers = node.uid !== user.uid && node.uid !== 0;
    if (!isOthers && (node.mode & 0o022) === 0) continue;
    yield {
      code: "boot/home-permissions",
      severity: "warning",
      message: isOthers
        ? `${path} of ${user.name} belongs to user ${node.uid}: the ssh service of the image refuses its keys`
        : `others may write to ${path} of ${user.name}: the ssh service of the image refuses its keys`,
      path,
      fix: `RUN chown -R ${user.uid}:${user.gid} ${directory} && chmod -R go-w ${directory}`,
    };
  }
}

/** sshd without PAM takes "!" in front of a password for "nobody may log in", by key as well. */
function* checkLocked(image: ImageView): Generator<BootFinding> {
  const people = new Set(image.people.map(user => user.name));
  const locked = image
    .lines("/etc/shadow")
    .map(line => line.split(":"))
    .filter(([name = "", password = ""]) => people.has(name) && password.startsWith("!"))
    .map(([name = ""]) => name);
  if (locked.length === 0 || sshdKnowsPam(image) !== false) return;
  yield {
    code: "boot/locked-account",
    severity: "info",
    message: `the password of ${locked.join(", ")} is locked, and the sshd of this image takes that for the whole account; users that a machine lists can log in all the same`,
    path: "/etc/shadow",
    fix: `RUN sed -i ${locked.map(name => `-e 's/^${name}:!*/${name}:*/'`).join(" ")} /etc/shadow`,
  };
}

function* checkLoginRules(image: ImageView): Generator<BootFinding> {
  const nologin = "/etc/nologin";
  if (image.exists(nologin)) {
    yield {
      code: "boot/nologin",
      severity: "warning",
      message: `${nologin} keeps everybody but root from logging in`,
      path: nologin,
      fix: `RUN rm -f ${nologin}`,
    };
  }
}
