import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import ssh2 from "ssh2";
import { createSshKeyPair } from "../../src/lib/ssh-key-pair.ts";
import { Exit, type LabctlContext } from "./context.ts";

const { Client } = ssh2;
const maxAttempts = 60;

/** The key pair of a login: ed25519, the private half readable to its owner alone. */
export async function generateIdentity(file: string): Promise<void> {
  const { privateKey, publicKey } = createSshKeyPair("labctl");
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, privateKey, { mode: 0o600 });
  await writeFile(`${file}.pub`, `${publicKey}\n`, { mode: 0o644 });
}

export async function deleteIdentity(file: string): Promise<void> {
  await rm(file, { force: true });
  await rm(`${file}.pub`, { force: true });
}

/** Verbatim, the last newline included. */
export function readPublicKey(file: string): Promise<string> {
  return readFile(`${file}.pub`, "utf8").catch(() => {
    throw new Exit(1, `Couldn't read ${file}.pub`);
  });
}

interface SshOptions {
  port: number;
  user: string;
  identityFile: string;
  command: string;
}

/**
 * One command over ssh to a forwarded port, as the client's built-in ssh does it: any host key as long as it is an
 * ed25519 one; transport failures are tried again, a refused login is final. Returns the remote status.
 */
export async function runSsh(context: LabctlContext, options: SshOptions): Promise<number> {
  const privateKey = await readFile(options.identityFile);
  for (let attempt = 1; ; attempt++) {
    try {
      return await session(context, options, privateKey);
    } catch (error) {
      const isFinal = error instanceof Error && "level" in error && error.level === "client-authentication";
      if (isFinal || error instanceof Exit || attempt >= maxAttempts || context.signal.aborted) {
        throw error instanceof Exit ? error : new Exit(1, `SSH session failed: ${String(error)}`);
      }
      await sleep(context.secondMs);
    }
  }
}

function session(context: LabctlContext, { port, user, command }: SshOptions, privateKey: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    let begun = false;
    let status: number | undefined;
    const abort = () => client.destroy();
    context.signal.addEventListener("abort", abort, { once: true });
    client.on("ready", () => {
      begun = true;
      client.exec(command, (error, stream) => {
        if (error) {
          reject(error);
          return;
        }
        stream.on("data", (chunk: Buffer) => context.out(chunk.toString()));
        stream.stderr.on("data", (chunk: Buffer) => context.err(chunk.toString()));
        stream.on("exit", (code: number | null) => (status = code ?? 255));
        stream.on("close", () => client.end());
        stream.end(context.stdin);
      });
    });
    client.on("error", reject);
    client.on("close", () => {
      context.signal.removeEventListener("abort", abort);
      if (status !== undefined) resolve(status);
      else if (begun) reject(new Exit(1, "SSH session ended without a status"));
      else reject(new Error("the connection was closed"));
    });
    client.connect({
      host: "localhost",
      port,
      username: user,
      privateKey,
      algorithms: { serverHostKey: ["ssh-ed25519"] },
      readyTimeout: 60_000,
    });
  });
}
