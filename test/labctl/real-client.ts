import { access, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { run } from "../../src/host/process.ts";
import { labctlModule, labctlVersion } from "./version.ts";

const installTimeoutMs = 5 * 60_000;

export interface RealClient {
  binary: string;
  version: string;
}

/**
 * The real client: the program that LABYARD_LABCTL names, else the pinned version, installed into the cache of this
 * user. A string says why it cannot be had; rejects when the named program does not run.
 */
export async function findRealClient(): Promise<RealClient | string> {
  const named = process.env.LABYARD_LABCTL ?? "";
  if (named === "") return await installRealClient();
  const binary = resolve(named);
  const { stdout } = await run([binary, "version"], { timeoutMs: 30_000 });
  return { binary, version: stdout.trim().split(/\s/)[0] ?? "" };
}

async function installRealClient(): Promise<RealClient | string> {
  const directory = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "labyard/labctl", labctlVersion);
  const binary = join(directory, "labctl");
  const isThere = () =>
    access(binary).then(
      () => true,
      () => false,
    );
  if (await isThere()) return { binary, version: labctlVersion };
  try {
    await run(["go", "version"], { timeoutMs: 30_000 });
  } catch {
    return "no Go toolchain is installed";
  }
  await mkdir(directory, { recursive: true });
  const { exitCode, stderr } = await run(["go", "install", `${labctlModule}@${labctlVersion}`], {
    env: { ...process.env, GOBIN: directory, GOFLAGS: "-modcacherw" },
    timeoutMs: installTimeoutMs,
    allowFailure: true,
  }).catch(error => ({ exitCode: 1, stderr: String(error) }));
  if (exitCode === 0 && (await isThere())) return { binary, version: labctlVersion };
  const why = stderr.trim().split("\n").at(-1)?.slice(0, 200) ?? "";
  return `go install ${labctlModule}@${labctlVersion} failed: ${why}`;
}
