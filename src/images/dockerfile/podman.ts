import { join } from "node:path";
import type { DockerfileEngine } from "./engine.ts";
import { runEngine } from "./run-engine.ts";

/** Podman with the user's own storage: the image appears in `podman images` too. */
export const podman: DockerfileEngine = {
  name: "podman",
  async build({ directory, dockerfile, reference, buildArguments, workDirectory, ...run }) {
    const options = [
      "--isolation=chroot",
      // The other one has no place for SHELL, HEALTHCHECK and ONBUILD, which would be left out.
      "--format=docker",
      "--platform=linux/amd64",
      ...buildArguments.map(argument => `--build-arg=${argument}`),
      `--file=${dockerfile}`,
      `--tag=${reference}`,
    ];
    await runEngine(["podman", "build", ...options, directory], `${directory} could not be built`, run);
    const path = join(workDirectory, "built.tar");
    await runEngine(
      ["podman", "save", "--quiet", "--format=docker-archive", `--output=${path}`, reference],
      `the image built of ${directory} could not be read`,
      run,
    );
    return { kind: "archive", path };
  },
  async push({ reference, isPlain, ...run }) {
    const tls = isPlain ? ["--tls-verify=false"] : [];
    await runEngine(["podman", "push", ...tls, reference], `${reference} could not be pushed`, run);
  },
};
