import { argon2, type Argon2Parameters, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import pLimit from "p-limit";
import { Problem } from "../../api/problems.ts";

const argon2Async = promisify(argon2);

/** argon2id, 19 MiB, two passes: some 40 ms here. Stored with every hash, so old ones stay readable when these change. */
const cost = { memoryKiB: 19 * 1024, passes: 2, lanes: 1 };
const tagBytes = 32;
/** Each takes 19 MiB and a thread of the pool that files need, too. */
const concurrently = pLimit(2);
const maxWaiting = 100;

const minPasswordLength = 10;
const maxPasswordLength = 256;

/** The stored form, e.g. $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, cost);
  const { memoryKiB, passes, lanes } = cost;
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** False for a wrong password, and after the same work for a person who has none (`stored` undefined). */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  // Waited for in both cases, so that the first login after a start tells nothing either.
  placeholder ??= hashPassword(randomBytes(16).toString("hex"));
  const fallback = await placeholder;
  const { salt, hash, ...parameters } = parse(stored ?? fallback);
  const found = await derive(password, salt, parameters);
  const equal = found.length === hash.length && timingSafeEqual(found, hash);
  return equal && stored !== undefined;
}

/** True when the hash was made with less work than is asked today. */
export function isOutdated(stored: string): boolean {
  const { memoryKiB, passes } = parse(stored);
  return memoryKiB < cost.memoryKiB || passes < cost.passes;
}

/** Throws when the password is too easy to guess; says why. */
export function requireGoodPassword(password: string, name: string): void {
  const refuse = (message: string) => new Problem("server/password-refused", { message });
  if (password.length < minPasswordLength) {
    throw refuse(`The password is too short: take at least ${minPasswordLength} characters, e.g. four words`);
  }
  if (password.length > maxPasswordLength) throw refuse(`The password is longer than ${maxPasswordLength} characters`);
  const lower = password.toLowerCase();
  const rest = lower.replaceAll(name.toLowerCase(), "");
  if (rest.length < minPasswordLength / 2) throw refuse("The password consists of the name of the account");
  if (new Set(lower).size < 5) throw refuse("The password repeats too few characters");
  if (/^(password|passwort|qwerty|qwertz|letmein|labyard|1234567890|0123456789)+[\d!.]*$/.test(lower)) {
    throw refuse("This password is among the first that are tried");
  }
}

/** Verified against where there is nothing to verify against, so that answers take the same time. */
let placeholder: Promise<string> | undefined;

function derive(password: string, salt: Buffer, { memoryKiB, passes, lanes }: typeof cost): Promise<Buffer> {
  if (concurrently.pendingCount >= maxWaiting) {
    throw new Problem("server/rate-limited", { message: "Too many people are logging in at this moment" });
  }
  const parameters: Argon2Parameters = {
    // The same characters typed on two systems may arrive in two forms.
    message: password.normalize("NFC"),
    nonce: salt,
    parallelism: lanes,
    tagLength: tagBytes,
    memory: memoryKiB,
    passes,
  };
  return concurrently(() => argon2Async("argon2id", parameters));
}

function parse(stored: string): typeof cost & { salt: Buffer; hash: Buffer } {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(stored);
  if (match === null) throw new Error("a stored password has an unknown format");
  const [, memoryKiB, passes, lanes, salt = "", hash = ""] = match;
  return {
    memoryKiB: Number(memoryKiB),
    passes: Number(passes),
    lanes: Number(lanes),
    salt: Buffer.from(salt, "base64"),
    hash: Buffer.from(hash, "base64"),
  };
}

const unpadded = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");
