import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import ssh2 from "ssh2";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { identityFile, type Paths } from "../../store/paths.ts";

/** The key this command line logs in with: made once, kept in the home. */
export async function ensureIdentity(paths: Paths): Promise<{ file: string; publicKey: string }> {
  const file = identityFile(paths);
  const existing = await readFile(`${file}.pub`, "utf8").catch(() => undefined);
  if (existing !== undefined) return { file, publicKey: existing };
  const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment: "labyard" });
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // ssh refuses a private key file whose last line is not terminated.
  await writeFileAtomic(file, `${pair.private.trimEnd()}\n`, 0o600);
  await writeFileAtomic(`${file}.pub`, `${pair.public.trim()}\n`);
  return { file, publicKey: pair.public.trim() };
}
