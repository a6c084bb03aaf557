import { access, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/host/process.ts";
import { labctlModule, labctlVersion } from "./version.ts";

const installTimeoutMs = 5 * 60_000;

/** The pinned real client, installed into the cache of this user; a string says why it cannot be had. */
export async function installRealClient(): Promise<{ binary: string } | string> {
  const directory = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "labyard/labctl", labctlVersion);
  const binary = join(directory, "labctl");
  const isThere = () =>
    access(binary).then(
      () => true,
      () => false,
    );
  if (await isThere()) return { binary };
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
  if (exitCode === 0 && (await isThere())) return { binary };
  const why = stderr.trim().split("\n").at(-1)?.slice(0, 200) ?? "";
  return `go install ${labctlModule}@${labctlVersion} failed: ${why}`;
}
