import type { Readable } from "node:stream";

/** What a container engine does for a build. Both engines are reached by HTTP over their socket, each by its own API. */
export interface Engine {
  readonly name: "Docker" | "Podman";
  /** Rejects with `build/engine-unreachable` when nobody answers. */
  ping(signal: AbortSignal): Promise<void>;
  /** undefined when the engine does not have the image */
  findImage(image: ImageName, signal: AbortSignal): Promise<EngineImage | undefined>;
  /** Rejects with `build/pull-failed`, also when the failure is told inside a stream that began well. */
  pull(image: ImageName, onProgress: (line: string) => void, signal: AbortSignal): Promise<void>;
  /** Creates a container that waits instead of running what its image would run; returns its id. */
  create(spec: ContainerSpec, signal: AbortSignal): Promise<string>;
  start(containerId: string, signal: AbortSignal): Promise<void>;
  /** Runs a program to its end and returns its exit code. */
  exec(containerId: string, spec: ExecSpec, onOutput: OnOutput, signal: AbortSignal): Promise<number>;
  stop(containerId: string, timeoutSeconds: number, signal: AbortSignal): Promise<void>;
  /** The root filesystem of a container as an uncompressed tar stream, without what is mounted in it. */
  export(containerId: string, signal: AbortSignal): Promise<Readable>;
  /** Kills and removes; a container that has gone already is fine. */
  remove(containerId: string, signal: AbortSignal): Promise<void>;
  /** Containers that carry this label with this value, whatever their state. */
  list(
    label: string,
    value: string,
    signal: AbortSignal,
  ): Promise<Array<{ id: string; labels: Record<string, string> }>>;
}

export interface ImageName {
  /** name:tag, name@digest */
  reference: string;
  /** os/architecture[/variant] */
  platform: string | undefined;
}

export interface EngineImage {
  id: string;
  /** Seconds since 1970; undefined when the image does not tell. */
  createdSeconds: number | undefined;
  /** Uncompressed; undefined when the engine does not tell. */
  sizeBytes: number | undefined;
}

export interface Mount {
  /** On the host of the engine */
  source: string;
  target: string;
  readOnly: boolean;
}

export interface ContainerSpec {
  image: ImageName;
  /** Replaces entrypoint and command of the image. */
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  labels: Readonly<Record<string, string>>;
  mounts: readonly Mount[];
  privileged: boolean;
  hostname: string | undefined;
  ociRuntime: string | undefined;
  capAdd: readonly string[];
  capDrop: readonly string[];
  /** Podman only: the container is killed after so many seconds. */
  timeoutSeconds: number | undefined;
}

export interface ExecSpec {
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  workingDirectory: string | undefined;
  /** "uid", "uid:gid" or names */
  user: string | undefined;
  privileged: boolean;
}

export type OnOutput = (stream: "stdout" | "stderr", bytes: Buffer) => void;
