import { access, rm } from "node:fs/promises";
import { run } from "../../host/process.ts";
import { engineStorageDirectory, type Paths } from "../../store/paths.ts";

/** What builds left for later builds occupies. */
export async function engineStorageBytes(paths: Paths): Promise<number> {
  const directory = engineStorageDirectory(paths);
  if (!(await exists(directory))) return 0;
  // Folders of mapped users may be closed to us; what can be seen is counted.
  const { stdout } = await run(["du", "--summarize", "--block-size=1", directory], {
    allowFailure: true,
    timeoutMs: 300_000,
  });
  return Number(/^\d+/.exec(stdout)?.[0] ?? 0);
}

/** Removes the layers that builds left for later builds. Nobody may be building meanwhile. */
export async function removeEngineStorage(paths: Paths): Promise<void> {
  const directory = engineStorageDirectory(paths);
  if (!(await exists(directory))) return;
  // An ordinary user's builds leave files of mapped users, which only their namespace may remove.
  if (process.getuid?.() !== 0) {
    await run(["buildah", "unshare", "rm", "-rf", "--one-file-system", directory], {
      allowFailure: true,
      timeoutMs: 300_000,
    });
  }
  await rm(directory, { recursive: true, force: true });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
