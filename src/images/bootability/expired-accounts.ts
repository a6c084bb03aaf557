import type { AccountEntry } from "../accounts.ts";
import type { Check } from "./finding.ts";

const path = "/etc/shadow";
const dayMs = 24 * 60 * 60 * 1000;

/**
 * Accounts that were to end: PAM lets nobody in by them, nor does an sshd that does not ask PAM, the platform's
 * included. What has passed when an image is looked at stays so, and what is still to come is not told.
 */
export const checkExpiredAccounts: Check = function* (image) {
  const today = Math.floor(Date.now() / dayMs);
  const expiries = readExpiries(image.lines(path));
  for (const user of image.people) {
    const day = expiries.get(user.name);
    if (day === undefined || day >= today || isClosed(user)) continue;
    const isRoot = user.name === "root";
    yield {
      code: "boot/expired-account",
      severity: isRoot ? "error" : "warning",
      message: `the account of ${user.name} expired on ${new Date(day * dayMs).toISOString().slice(0, 10)}: ${
        isRoot
          ? "nobody can log in as root, the platform neither"
          : "no password and no key lets it in, terminals included"
      }`,
      path,
      fix: `RUN sed -i 's/^\\(${user.name}:\\([^:]*:\\)\\{6\\}\\)[0-9]*:/\\1:/' ${path}`,
    };
  }
};

/** Nobody is to log in anyway. The platform needs root, whatever its shell. */
function isClosed({ name, shell }: AccountEntry): boolean {
  return name !== "root" && /\/(nologin|false)$/.test(shell);
}

/** The day since 1970 of those that have one; of two entries the first counts. */
function readExpiries(lines: readonly string[]): Map<string, number | undefined> {
  const expiries = new Map<string, number | undefined>();
  for (const line of lines) {
    const [name = "", ...fields] = line.split(":");
    const expiry = fields[6];
    // Older C libraries do not take an entry without the last field.
    const isComplete = fields.length === 8 && expiry !== undefined && /^\d+$/.test(expiry);
    if (!expiries.has(name)) expiries.set(name, isComplete ? Number(expiry) : undefined);
  }
  return expiries;
}
