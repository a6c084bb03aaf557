import type { HostSource } from "../catalogue.ts";

export interface DockerfileBuild {
  /** The build context; what belongs to it and what .dockerignore leaves out is the engine's affair. */
  directory: string;
  /** Absolute */
  dockerfile: string;
  /** host/repository:tag */
  reference: string;
  buildArguments: readonly string[];
  /** Ours alone: the engine may keep its layers there between builds. */
  storageDirectory: string;
  /** Empty, and removed after the build. */
  workDirectory: string;
  env: NodeJS.ProcessEnv;
  /** What the engine says, line by line. */
  onLine: (line: string) => void;
  /** The lines stand before the eyes of whoever meets a failure, which does not repeat them. */
  areLinesShown?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface PushRequest
  extends Pick<DockerfileBuild, "reference" | "storageDirectory" | "env" | "onLine" | "areLinesShown" | "signal"> {
  /** The registry speaks plain http, and may. */
  isPlain: boolean;
}

/** A program that turns a Dockerfile into an image without leaving this machine. */
export interface DockerfileEngine {
  name: "buildah" | "podman" | "docker";
  /** Builds for linux/amd64 and says where the result lies, in a form that the cache can read. */
  build(request: DockerfileBuild): Promise<HostSource>;
  /** Sends what was built under this reference to its registry, with the engine's own logins. */
  push(request: PushRequest): Promise<void>;
}
