import { access, rm } from "node:fs/promises";
import { run } from "../../host/process.ts";

/** Removes the layers that builds left for later builds. Nobody may be building meanwhile. */
export async function removeEngineStorage(directory: string): Promise<void> {
  const exists = await access(directory).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  // An ordinary user's builds leave files of mapped users, which only their namespace may remove.
  if (process.getuid?.() !== 0) {
    await run(["buildah", "unshare", "rm", "-rf", "--one-file-system", directory], {
      allowFailure: true,
      timeoutMs: 300_000,
    });
  }
  await rm(directory, { recursive: true, force: true });
}
