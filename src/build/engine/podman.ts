import type { Readable } from "node:stream";
import type { ContainerSpec, Engine, EngineImage, ExecSpec, ImageName, OnOutput } from "./engine.ts";
import { type Endpoint, EngineHttp, readText, wordsOf } from "./engine-http.ts";
import { execInContainer } from "./exec.ts";
import { exportContainer, findImage, pullFailure } from "./shared-requests.ts";
import { jsonStream } from "./json-stream.ts";

const prefix = "/v4.0.0/libpod";

/** Podman by its own API (libpod), not by the one that imitates Docker's. */
export class PodmanEngine implements Engine {
  readonly name = "Podman";
  readonly #http: EngineHttp;

  constructor(endpoint: Endpoint) {
    this.#http = new EngineHttp("Podman", endpoint);
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.#http.json({ method: "GET", path: `${prefix}/version`, signal, timeoutMs: 5000 }, [200]);
  }

  findImage(image: ImageName, signal: AbortSignal): Promise<EngineImage | undefined> {
    return findImage(this.#http, prefix, image, signal);
  }

  async pull(image: ImageName, onProgress: (line: string) => void, signal: AbortSignal): Promise<void> {
    const [os, arch, variant] = image.platform?.split("/") ?? [];
    const query = {
      reference: image.reference,
      policy: "always",
      OS: os,
      Arch: arch,
      Variant: variant,
      // Plain http for registries of this host only, as Docker does by itself.
      tlsVerify: isLoopback(image.reference) ? "false" : undefined,
    };
    const request = { method: "POST", path: `${prefix}/images/pull`, query, signal, timeoutMs: 0 } as const;
    const message = await this.#http.open(request);
    if (message.statusCode !== 200) throw pullFailure(image, wordsOf(await readText(message)));
    for await (const line of jsonStream(message)) {
      if (typeof line.error === "string" && line.error !== "") throw pullFailure(image, line.error);
      if (typeof line.stream === "string") onProgress(line.stream.trimEnd());
    }
  }

  async create(spec: ContainerSpec, signal: AbortSignal): Promise<string> {
    const body = {
      image: spec.image.reference,
      entrypoint: spec.argv,
      command: [],
      user: "0:0",
      work_dir: "/",
      terminal: false,
      env: spec.env,
      labels: spec.labels,
      mounts: spec.mounts.map(mount => ({
        destination: mount.target,
        source: mount.source,
        type: "bind",
        options: ["rbind", mount.readOnly ? "ro" : "rw"],
      })),
      privileged: spec.privileged,
      cap_add: spec.capAdd,
      cap_drop: spec.capDrop,
      remove: false,
      // A check of the image's program makes no sense for a container that does not run it.
      healthconfig: { Test: ["NONE"] },
      ...(spec.hostname === undefined ? {} : { hostname: spec.hostname }),
      ...(spec.ociRuntime === undefined ? {} : { oci_runtime: spec.ociRuntime }),
      ...(spec.timeoutSeconds === undefined ? {} : { timeout: spec.timeoutSeconds }),
    };
    const path = `${prefix}/containers/create`;
    return ((await this.#http.json({ method: "POST", path, body, signal }, [201])) as { Id: string }).Id;
  }

  async start(containerId: string, signal: AbortSignal): Promise<void> {
    await this.#http.json({ method: "POST", path: `${prefix}/containers/${containerId}/start`, signal }, [204, 304]);
  }

  exec(containerId: string, spec: ExecSpec, onOutput: OnOutput, signal: AbortSignal): Promise<number> {
    return execInContainer(this.#http, prefix, containerId, spec, onOutput, signal);
  }

  async stop(containerId: string, timeoutSeconds: number, signal: AbortSignal): Promise<void> {
    const path = `${prefix}/containers/${containerId}/stop`;
    const timeoutMs = timeoutSeconds * 1000 + 60_000;
    const query = { timeout: String(timeoutSeconds) };
    await this.#http.json({ method: "POST", path, query, signal, timeoutMs }, [204, 304]);
  }

  export(containerId: string, signal: AbortSignal): Promise<Readable> {
    return exportContainer(this.#http, prefix, containerId, signal);
  }

  async remove(containerId: string, signal: AbortSignal): Promise<void> {
    const path = `${prefix}/containers/${containerId}`;
    await this.#http.json({ method: "DELETE", path, query: { force: "true", v: "true" }, signal }, [200, 204, 404]);
  }

  async list(label: string, value: string, signal: AbortSignal) {
    const query = { all: "true", filters: JSON.stringify({ label: [`${label}=${value}`] }) };
    const path = `${prefix}/containers/json`;
    const found = (await this.#http.json({ method: "GET", path, query, signal }, [200])) as Array<{
      Id: string;
      Labels: Record<string, string> | null;
    }> | null;
    return (found ?? []).map(container => ({ id: container.Id, labels: container.Labels ?? {} }));
  }
}

function isLoopback(reference: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?\//.test(reference);
}
