import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Problem } from "../../api/problems.ts";
import { run } from "../../host/process.ts";
import type { EngineName } from "../catalogue.ts";

const exportTimeoutMs = 30 * 60_000;
const idleTimeoutMs = 120_000;

export interface ExportOptions {
  env: NodeJS.ProcessEnv;
  /** Bytes written so far, when known. */
  onBytes: (doneBytes: number) => void;
  signal?: AbortSignal | undefined;
}

/** Writes an image of a container engine on this host into `directory` and returns the archive's path. */
export async function exportFromEngine(
  engine: EngineName,
  image: string,
  directory: string,
  options: ExportOptions,
): Promise<string> {
  const path = join(directory, "export.tar");
  // An image whose name begins with a dash would be taken for an option.
  if (!/^[A-Za-z0-9][\w./:@-]{0,400}$/.test(image)) {
    throw new Problem("image/bad-reference", {
      message: `"${image.slice(0, 300)}" is not the name of an image`,
      hint: `Write ${engine}://NAME, as '${engine} images' lists it.`,
    });
  }
  if (engine === "docker") await exportBySocket(image, path, options);
  else {
    // The one form with plain layers: the others would be compressed here only to be inflated by the cache.
    const argv =
      engine === "podman"
        ? ["podman", "save", "--quiet", "--format", "docker-archive", "--output", path, image]
        : ["buildah", "push", "--quiet", image, `docker-archive:${path}`];
    const { signal, env } = options;
    const given = { env, allowFailure: true, timeoutMs: exportTimeoutMs, ...(signal ? { signal } : {}) };
    const { exitCode, stderr } = await run(argv, given).catch((error: unknown) => {
      throw toolIsMissing(error) ? notInstalled(engine, image) : error;
    });
    if (exitCode !== 0) throw refused(engine, image, stderr.trim().split("\n").at(-1) ?? "");
  }
  return path;
}

/** Docker's own interface, which Podman's service speaks too. */
async function exportBySocket(image: string, path: string, options: ExportOptions): Promise<void> {
  const socketPath = await findSocket(options.env);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(
      {
        socketPath,
        path: `/images/${image.split("/").map(encodeURIComponent).join("/")}/get`,
        headers: { host: "localhost" },
        ...(options.signal ? { signal: options.signal } : {}),
      },
      resolve,
    );
    outgoing.setTimeout(idleTimeoutMs, () => outgoing.destroy(new Error(`no data for ${idleTimeoutMs / 1000} s`)));
    outgoing.on("error", reject);
    outgoing.end();
  }).catch((cause: Error) => {
    options.signal?.throwIfAborted();
    throw new Problem("image/no-engine", { message: `the engine at ${socketPath} does not answer: ${cause.message}` });
  });
  if (response.statusCode !== 200) {
    response.resume();
    throw new Problem("image/denied-or-missing", {
      message: `the engine at ${socketPath} does not give out the image ${image} (status ${response.statusCode})`,
      hint: "List its images with 'docker image ls' or 'podman image ls'.",
    });
  }
  let doneBytes = 0;
  response.on("data", (chunk: Buffer) => options.onBytes((doneBytes += chunk.length)));
  await pipeline(response, createWriteStream(path), { ...(options.signal ? { signal: options.signal } : {}) });
}

async function findSocket(env: NodeJS.ProcessEnv): Promise<string> {
  const { DOCKER_HOST, XDG_RUNTIME_DIR } = env;
  if (DOCKER_HOST && !DOCKER_HOST.startsWith("unix://")) {
    throw new Problem("image/no-engine", {
      message: `DOCKER_HOST is "${DOCKER_HOST}", and images are read from engines of this host only`,
      hint: "Unset it, or set it to unix:// and the path of a socket.",
    });
  }
  // Who names an engine wants no other.
  const candidates = DOCKER_HOST
    ? [DOCKER_HOST.slice("unix://".length)]
    : [
        "/var/run/docker.sock",
        ...(XDG_RUNTIME_DIR ? [`${XDG_RUNTIME_DIR}/docker.sock`, `${XDG_RUNTIME_DIR}/podman/podman.sock`] : []),
        "/run/podman/podman.sock",
      ];
  for (const path of candidates) {
    if ((await stat(path).catch(() => undefined))?.isSocket()) return path;
  }
  throw new Problem("image/no-engine", {
    message: `no container engine listens on this host (looked at ${candidates.join(", ")})`,
    hint: "Start Docker, or the service of Podman, or name the image podman://NAME or buildah://NAME.",
  });
}

function toolIsMissing(error: unknown): boolean {
  return error instanceof Problem && error.code === "host/tool-missing";
}

function notInstalled(engine: EngineName, image: string): Problem {
  return new Problem("image/no-engine", {
    message: `${engine} is not installed, so ${image} cannot be read`,
    hint: `Install it: apt-get install ${engine}.`,
  });
}

function refused(engine: EngineName, image: string, said: string): Problem {
  return new Problem("image/denied-or-missing", {
    message: `${engine} does not give out the image ${image}: ${said}`,
    hint: `List its images with '${engine} images'.`,
  });
}
