import { createWriteStream } from "node:fs";
import { access } from "node:fs/promises";
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
    throw new Problem("image/bad-reference", { message: `"${image.slice(0, 300)}" is not the name of an image` });
  }
  if (engine === "docker") await exportBySocket(image, path, options);
  else {
    // The one form with plain layers: the others would be compressed here only to be inflated by the cache.
    const argv =
      engine === "podman"
        ? ["podman", "save", "--quiet", "--format", "docker-archive", "--output", path, image]
        : ["buildah", "push", "--quiet", image, `docker-archive:${path}`];
    await run(argv, {
      env: options.env,
      timeoutMs: exportTimeoutMs,
      ...(options.signal ? { signal: options.signal } : {}),
    }).catch((error: unknown) => {
      throw translated(error, engine, image);
    });
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
  const candidates = [
    ...(DOCKER_HOST?.startsWith("unix://") ? [DOCKER_HOST.slice("unix://".length)] : []),
    "/var/run/docker.sock",
    ...(XDG_RUNTIME_DIR === undefined
      ? []
      : [`${XDG_RUNTIME_DIR}/docker.sock`, `${XDG_RUNTIME_DIR}/podman/podman.sock`]),
    "/run/podman/podman.sock",
  ];
  for (const path of candidates) {
    if (
      await access(path)
        .then(() => true)
        .catch(() => false)
    )
      return path;
  }
  throw new Problem("image/no-engine", {
    message: `no container engine listens on this host (looked at ${candidates.join(", ")})`,
    hint: "Start Docker, or the service of Podman, or name the image podman://NAME or buildah://NAME.",
  });
}

function translated(error: unknown, engine: string, image: string): unknown {
  if (!(error instanceof Problem)) return error;
  if (error.code === "host/tool-missing") {
    return new Problem("image/no-engine", { message: `${engine} is not installed, so ${image} cannot be read` });
  }
  return new Problem("image/denied-or-missing", {
    message: `${engine} does not give out the image ${image}: ${error.message}`,
    details: error.details,
    hint: `List its images with '${engine} images'.`,
  });
}
