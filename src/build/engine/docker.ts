import type { Readable } from "node:stream";
import type { ContainerSpec, Engine, EngineImage, ExecSpec, ImageName, OnOutput } from "./engine.ts";
import { type Endpoint, EngineHttp, readText, wordsOf } from "./engine-http.ts";
import { execInContainer } from "./exec.ts";
import { exportContainer, findImage, pullFailure } from "./shared-requests.ts";
import { jsonStream } from "./json-stream.ts";

/** What this was written for; the engine is asked for it, or for the nearest version that it still or already speaks. */
const knownMinor = 46;

/** Docker by its HTTP API. */
export class DockerEngine implements Engine {
  readonly name = "Docker";
  readonly #http: EngineHttp;
  /** Oldest that has everything used here, until the engine was asked. */
  #prefix = "/v1.41";

  constructor(endpoint: Endpoint) {
    this.#http = new EngineHttp("Docker", endpoint);
  }

  async ping(signal: AbortSignal): Promise<void> {
    const request = { method: "GET", path: "/version", signal, timeoutMs: 5000 } as const;
    const told = (await this.#http.json(request, [200])) as { ApiVersion?: string; MinAPIVersion?: string };
    const newest = minorOf(told.ApiVersion) ?? knownMinor;
    const oldest = minorOf(told.MinAPIVersion) ?? 0;
    this.#prefix = `/v1.${Math.max(Math.min(newest, knownMinor), oldest)}`;
  }

  findImage(image: ImageName, signal: AbortSignal): Promise<EngineImage | undefined> {
    return findImage(this.#http, this.#prefix, image, signal);
  }

  async pull(image: ImageName, onProgress: (line: string) => void, signal: AbortSignal): Promise<void> {
    const query = { fromImage: image.reference, platform: image.platform };
    const request = { method: "POST", path: `${this.#prefix}/images/create`, query, signal, timeoutMs: 0 } as const;
    const message = await this.#http.open(request);
    if (message.statusCode !== 200) throw pullFailure(image, wordsOf(await readText(message)));
    for await (const line of jsonStream(message)) {
      if (typeof line.error === "string") throw pullFailure(image, line.error);
      onProgress([line.id, line.status, line.progress].filter(part => typeof part === "string").join(" "));
    }
  }

  async create(spec: ContainerSpec, signal: AbortSignal): Promise<string> {
    const body = {
      Image: spec.image.reference,
      Entrypoint: spec.argv,
      Cmd: [],
      User: "0:0",
      WorkingDir: "/",
      Tty: false,
      Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
      Labels: spec.labels,
      // A check of the image's program makes no sense for a container that does not run it.
      Healthcheck: { Test: ["NONE"] },
      ...(spec.hostname === undefined ? {} : { Hostname: spec.hostname }),
      HostConfig: {
        Mounts: spec.mounts.map(mount => ({
          Type: "bind",
          Source: mount.source,
          Target: mount.target,
          ReadOnly: mount.readOnly,
        })),
        Privileged: spec.privileged,
        CapAdd: spec.capAdd,
        CapDrop: spec.capDrop,
        AutoRemove: false,
        ...(spec.ociRuntime === undefined ? {} : { Runtime: spec.ociRuntime }),
      },
    };
    const path = `${this.#prefix}/containers/create`;
    const query = { platform: spec.image.platform };
    return ((await this.#http.json({ method: "POST", path, query, body, signal }, [201])) as { Id: string }).Id;
  }

  async start(containerId: string, signal: AbortSignal): Promise<void> {
    await this.#http.json(
      { method: "POST", path: `${this.#prefix}/containers/${containerId}/start`, signal },
      [204, 304],
    );
  }

  exec(containerId: string, spec: ExecSpec, onOutput: OnOutput, signal: AbortSignal): Promise<number> {
    return execInContainer(this.#http, this.#prefix, containerId, spec, onOutput, signal);
  }

  async stop(containerId: string, timeoutSeconds: number, signal: AbortSignal): Promise<void> {
    const path = `${this.#prefix}/containers/${containerId}/stop`;
    const timeoutMs = timeoutSeconds * 1000 + 60_000;
    await this.#http.json(
      { method: "POST", path, query: { t: String(timeoutSeconds) }, signal, timeoutMs },
      [204, 304],
    );
  }

  export(containerId: string, signal: AbortSignal): Promise<Readable> {
    return exportContainer(this.#http, this.#prefix, containerId, signal);
  }

  async remove(containerId: string, signal: AbortSignal): Promise<void> {
    const path = `${this.#prefix}/containers/${containerId}`;
    // 409: another removal is on its way.
    await this.#http.json({ method: "DELETE", path, query: { force: "1", v: "1" }, signal }, [204, 404, 409]);
  }

  async list(label: string, value: string, signal: AbortSignal) {
    const query = { all: "1", filters: JSON.stringify({ label: [`${label}=${value}`] }) };
    const path = `${this.#prefix}/containers/json`;
    const found = (await this.#http.json({ method: "GET", path, query, signal }, [200])) as Array<{
      Id: string;
      Labels: Record<string, string>;
    }>;
    return found.map(container => ({ id: container.Id, labels: container.Labels }));
  }
}

function minorOf(version: string | undefined): number | undefined {
  const minor = /^1\.(\d+)$/.exec(version ?? "")?.[1];
  return minor === undefined ? undefined : Number(minor);
}
