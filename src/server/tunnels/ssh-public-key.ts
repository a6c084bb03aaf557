import ssh2 from "ssh2";
import { Problem } from "../../api/problems.ts";

const maxLength = 16 * 1024;
const commentMaxLength = 100;
/** Kinds on security keys, which ssh2 cannot read; sshd can. */
const onSecurityKeys = ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"];

/**
 * One public key as one line of an authorized_keys file: kind, key and a harmless comment, nothing else. Throws
 * `access/ssh-key` for options, several lines, certificates, private keys and whatever is no key.
 */
export function readSshPublicKey(text: string): string {
  const line = text.trim();
  if (line.length > maxLength) throw refused("it is too long");
  if (/[\r\n]/.test(line)) throw refused("it has more than one line");
  const [, kind, encoded, comment = ""] = /^([a-z0-9@.-]+) +([A-Za-z0-9+/]+={0,2})(?: +([^]*))?$/.exec(line) ?? [];
  if (kind === undefined || encoded === undefined) throw refused('it must look like "ssh-ed25519 AAAA… name"');
  const blob = Buffer.from(encoded, "base64");
  // The key names its own kind; two names that differ are somebody's experiment.
  if (blob.toString("base64") !== encoded || kindOf(blob) !== kind) throw refused("its parts do not fit together");
  if (!onSecurityKeys.includes(kind)) {
    const parsed = ssh2.utils.parseKey(`${kind} ${encoded}`);
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    if (key === undefined || key instanceof Error || key.isPrivateKey()) throw refused(`a "${kind}" key is not known`);
  }
  const name = comment
    .replaceAll(/[^\x20-\x7e]/g, "?")
    .slice(0, commentMaxLength)
    .trim();
  return name === "" ? `${kind} ${encoded}` : `${kind} ${encoded} ${name}`;
}

function kindOf(blob: Buffer): string | undefined {
  if (blob.length < 4) return undefined;
  const length = blob.readUInt32BE(0);
  return length > 0 && length <= blob.length - 4 ? blob.toString("latin1", 4, 4 + length) : undefined;
}

function refused(why: string): Problem {
  return new Problem("access/ssh-key", { message: `the ssh public key cannot be used: ${why}` });
}
