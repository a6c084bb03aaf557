import { access, constants, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../process.ts";

/** Where Debian and Ubuntu look for certificates of the administrator. */
const directory = "/usr/local/share/ca-certificates";
const program = "/usr/sbin/update-ca-certificates";

/**
 * Makes this system's programs trust an authority, the Debian way. Returns the file it wrote, or undefined where this
 * user may not or the system is another one; nothing has changed then. Safe to repeat.
 */
export async function trustInSystem(certificatePem: string, name: string): Promise<string | undefined> {
  try {
    await access(program, constants.X_OK);
    await access(directory, constants.W_OK);
  } catch {
    return undefined;
  }
  const file = join(directory, `${name}.crt`);
  await writeFile(file, certificatePem, { mode: 0o644 });
  await run([program], { timeoutMs: 120_000 });
  return file;
}
