import { stat } from "node:fs/promises";
import { Problem } from "../../api/problems.ts";
import type { ContainerPart } from "../script/schema.ts";
import { DockerEngine } from "./docker.ts";
import type { Engine } from "./engine.ts";
import type { Endpoint } from "./engine-http.ts";
import { PodmanEngine } from "./podman.ts";

const dockerSocket = "/var/run/docker.sock";

export interface EngineHost {
  /** DOCKER_HOST and XDG_RUNTIME_DIR are looked at. */
  env: NodeJS.ProcessEnv;
  uid: number;
}

/** The engine that a script asks for, when it answers; `build/engine-unreachable` names the address otherwise. */
export async function connectEngine(part: ContainerPart, host: EngineHost, signal: AbortSignal): Promise<Engine> {
  const uri = part.connection_uri ?? defaultUri(part.engine, host);
  const endpoint = endpointFrom(uri, part.engine);
  const found = "socketPath" in endpoint ? await stat(endpoint.socketPath).catch(() => undefined) : undefined;
  if ("socketPath" in endpoint && !found?.isSocket()) {
    const hint =
      part.engine === "Podman"
        ? "Start it with: podman system service --time=0, or systemctl --user start podman.socket"
        : 'Start the Docker service, or choose engine = "Podman".';
    throw new Problem("build/engine-unreachable", {
      message: `${part.engine} is not there: ${endpoint.socketPath} ${found ? "is not a socket" : "does not exist"}`,
      hint,
    });
  }
  const engine = part.engine === "Docker" ? new DockerEngine(endpoint) : new PodmanEngine(endpoint);
  await engine.ping(signal);
  return engine;
}

function defaultUri(engine: ContainerPart["engine"], { env, uid }: EngineHost): string {
  if (engine === "Docker") return env.DOCKER_HOST || `unix://${dockerSocket}`;
  if (uid === 0) return "unix:///run/podman/podman.sock";
  return `unix://${env.XDG_RUNTIME_DIR || `/run/user/${uid}`}/podman/podman.sock`;
}

function endpointFrom(uri: string, engine: string): Endpoint {
  if (uri.startsWith("/")) return { socketPath: uri };
  if (uri.startsWith("unix://")) return { socketPath: uri.slice("unix://".length) };
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "tcp:") {
    return { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 2375) };
  }
  throw new Problem("build/engine-unreachable", {
    message: `${engine} cannot be reached by "${uri}"`,
    hint: "Use unix:///path/of/the.sock, or http://host:port for Docker.",
  });
}
