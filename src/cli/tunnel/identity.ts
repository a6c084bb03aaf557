import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { createSshKeyPair, isSshPrivateKey } from "../../lib/ssh-key-pair.ts";
import { identityFile, type Paths } from "../../store/paths.ts";

/** The key this command line logs in with: made once, kept in the home; anew when it is none. */
export async function ensureIdentity(paths: Paths): Promise<{ file: string; publicKey: string }> {
  const file = identityFile(paths);
  const [privateKey, publicKey] = await Promise.all(
    [file, `${file}.pub`].map(path => readFile(path, "utf8").catch(() => "")),
  );
  if (publicKey && isSshPrivateKey(privateKey as string)) return { file, publicKey };
  const pair = createSshKeyPair("labyard");
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFileAtomic(file, pair.privateKey, 0o600);
  await writeFileAtomic(`${file}.pub`, `${pair.publicKey}\n`);
  return { file, publicKey: pair.publicKey };
}
