import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DockerfileEngine } from "./engine.ts";
import { runEngine } from "./run-engine.ts";

/**
 * Buildah with storage of our own: no daemon, no privileges beyond user namespaces, and nothing of the user's own
 * images is seen or touched. Storage without overlay mounts and steps in a chroot work inside containers too.
 */
export const buildah: DockerfileEngine = {
  name: "buildah",
  async build({ directory, dockerfile, reference, buildArguments, storageDirectory, workDirectory, ...run }) {
    await mkdir(storageDirectory, { recursive: true, mode: 0o700 });
    const own = ["buildah", ...storage(storageDirectory)];
    const options = [
      "--isolation=chroot",
      "--layers",
      "--format=oci",
      "--platform=linux/amd64",
      ...buildArguments.map(argument => `--build-arg=${argument}`),
      ...(dockerfile === undefined ? [] : [`--file=${dockerfile}`]),
      `--tag=${reference}`,
    ];
    await runEngine([...own, "build", ...options, directory], `${directory} could not be built`, run);
    // The one form with plain layers: the others would be compressed here only to be inflated by the cache.
    const path = join(workDirectory, "built.tar");
    await runEngine(
      [...own, "push", "--quiet", reference, `docker-archive:${path}:${reference}`],
      `the image built of ${directory} could not be read`,
      run,
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

function storage(directory: string): string[] {
  return ["--storage-driver=vfs", `--root=${join(directory, "root")}`, `--runroot=${join(directory, "run")}`];
}
