import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../host/process.ts";
import type { DockerfileEngine } from "./engine.ts";
import { runEngine } from "./run-engine.ts";

/**
 * Buildah with storage of our own: no daemon, no privileges beyond user namespaces, and nothing of the user's own
 * images is seen or touched. Storage without overlay mounts and steps in a chroot work inside containers too.
 */
export const buildah: DockerfileEngine = {
  name: "buildah",
  async build({ directory, dockerfile, reference, buildArguments, storageDirectory, workDirectory, ...given }) {
    await mkdir(storageDirectory, { recursive: true, mode: 0o700 });
    const own = ["buildah", ...storage(storageDirectory)];
    // What a build leaves when it is killed goes with the work directory.
    const engineRun = { ...given, env: { ...given.env, TMPDIR: workDirectory } };
    const options = [
      "--isolation=chroot",
      "--layers",
      // The other one has no place for SHELL, HEALTHCHECK and ONBUILD, which would be left out.
      "--format=docker",
      "--platform=linux/amd64",
      ...buildArguments.map(argument => `--build-arg=${argument}`),
      `--file=${dockerfile}`,
      `--tag=${reference}`,
    ];
    await removeContainers(own, engineRun.env);
    try {
      await runEngine([...own, "build", ...options, directory], `${directory} could not be built`, engineRun);
    } catch (error) {
      await removeContainers(own, engineRun.env);
      throw error;
    }
    // The one form with plain layers: the others would be compressed here only to be inflated by the cache.
    const path = join(workDirectory, "built.tar");
    await runEngine(
      [...own, "push", "--quiet", reference, `docker-archive:${path}:${reference}`],
      `the image built of ${directory} could not be read`,
      engineRun,
    );
    return { kind: "archive", path };
  },
  async push({ reference, storageDirectory, isPlain, ...run }) {
    const tls = isPlain ? ["--tls-verify=false"] : [];
    await runEngine(
      ["buildah", ...storage(storageDirectory), "push", ...tls, reference, `docker://${reference}`],
      `${reference} could not be pushed`,
      run,
    );
  },
};

/** Builds that fail or are ended leave the container of their last step, with a copy of all its files. */
async function removeContainers(own: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  // Not with the build's signal: this has to happen also when that has fired.
  await run([...own, "rm", "--all"], { env, allowFailure: true, timeoutMs: 120_000 });
}

function storage(directory: string): string[] {
  return ["--storage-driver=vfs", `--root=${join(directory, "root")}`, `--runroot=${join(directory, "run")}`];
}
