import { join } from "node:path";
import type { DockerfileEngine } from "./engine.ts";
import { runEngine } from "./run-engine.ts";

/** Docker's own daemon. It decides itself which registries may be spoken to without TLS. */
export const docker: DockerfileEngine = {
  name: "docker",
  async build({ directory, dockerfile, reference, buildArguments, workDirectory, ...run }) {
    const options = [
      "--platform=linux/amd64",
      ...buildArguments.map(argument => `--build-arg=${argument}`),
      `--file=${dockerfile}`,
      `--tag=${reference}`,
    ];
    await runEngine(["docker", "build", ...options, directory], `${directory} could not be built`, run);
    const path = join(workDirectory, "built.tar");
    await runEngine(
      ["docker", "save", `--output=${path}`, reference],
      `the image built of ${directory} could not be read`,
      run,
    );
    return { kind: "archive", path };
  },
  async push({ reference, ...run }) {
    await runEngine(["docker", "push", reference], `${reference} could not be pushed`, run);
  },
};
