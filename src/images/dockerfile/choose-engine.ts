import { Problem } from "../../api/problems.ts";
import { run } from "../../host/process.ts";
import { buildah } from "./buildah.ts";
import { docker } from "./docker.ts";
import type { DockerfileEngine } from "./engine.ts";
import { podman } from "./podman.ts";

/** In the order of what asks least of the host. */
const engines: readonly DockerfileEngine[] = [buildah, podman, docker];

export interface EngineChoice {
  /** Default: the first that works. */
  engine?: string | undefined;
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
}

/** The engine that is asked for, or the first that works; otherwise says of each why it does not. */
export async function chooseEngine({ engine, env, signal }: EngineChoice): Promise<DockerfileEngine> {
  const faults: string[] = [];
  for (const candidate of engines.filter(({ name }) => engine === undefined || name === engine)) {
    const fault = await faultOf(candidate.name, env, signal);
    if (fault === undefined) return candidate;
    faults.push(`${candidate.name}: ${fault}`);
  }
  const isDocker = engine === "docker";
  throw new Problem("image/no-engine", {
    message:
      engine === undefined
        ? `a Dockerfile needs one of ${engines.map(({ name }) => name).join(", ")}, and none of them works here`
        : `the engine "${engine}" does not work here`,
    details: faults,
    ...(isDocker ? { hint: "Start Docker's service, or leave --engine out." } : {}),
  });
}

/** Why an engine cannot be used; undefined when it can. */
async function faultOf(name: string, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string | undefined> {
  // Docker's client alone builds nothing: "info" asks its daemon.
  const probe = name === "docker" ? ["docker", "info", "--format={{.ServerVersion}}"] : [name, "--version"];
  try {
    await run(probe, { env, timeoutMs: 20_000, ...(signal ? { signal } : {}) });
    return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    return (error as Error).message;
  }
}
