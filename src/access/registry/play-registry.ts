import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Problem } from "../../api/problems.ts";
import type { RegistryPlan } from "../../plan/plan.ts";
import { registryPort } from "../../plan/registry.ts";
import { RegistryProcess } from "./registry-process.ts";
import { StoredBytes } from "./stored-bytes.ts";

/** Far above what the clients of five machines open; more wait in the kernel's queue or are refused. */
const connectionsMax = 256;

export interface PlayRegistryOptions {
  registry: RegistryPlan;
  certificatePem: string;
  privateKeyPem: string;
  /** Everything that is kept while the play exists. */
  directory: string;
  /** The registry cannot be kept running. It may be tried again. */
  onFailure: (problem: Problem) => void;
}

/**
 * The container registry of a play. Until somebody connects it is a socket and nothing else: neither its HTTPS front
 * nor its process exist, and a play that never uses it pays neither time nor memory.
 */
export class PlayRegistry implements AsyncDisposable {
  readonly #options: PlayRegistryOptions;
  readonly #backend: RegistryProcess;
  readonly #sockets = new Set<Socket>();
  #listener: Server | undefined;
  #front: Promise<Server> | undefined;

  constructor(options: PlayRegistryOptions) {
    this.#options = options;
    this.#backend = new RegistryProcess({
      storage: join(options.directory, "storage"),
      configFile: join(options.directory, "config.yml"),
      onFailure: options.onFailure,
    });
  }

  /** Listens on the address of the plan, which must exist in this process's namespace. */
  async listen(): Promise<void> {
    const listener = createServer({ pauseOnConnect: true }, socket => this.#accept(socket));
    listener.maxConnections = connectionsMax;
    this.#listener = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(registryPort, this.#options.registry.address, resolve);
    });
  }

  /** Has the registry running before anybody asks for it. What goes wrong is told by `onFailure`. */
  async start(): Promise<void> {
    const socket = await this.#backend.connect(new AbortController().signal).catch(() => undefined);
    socket?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener?.close();
    for (const socket of this.#sockets) socket.destroy();
    await this.#backend[Symbol.asyncDispose]();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    this.#front ??= this.#createFront();
    this.#front.then(
      front => front.emit("connection", socket),
      () => socket.destroy(),
    );
  }

  async #createFront(): Promise<Server> {
    const { registry, certificatePem, privateKeyPem, directory } = this.#options;
    const { createRegistryFront } = await import("./registry-front.ts");
    return createRegistryFront({
      certificatePem,
      privateKeyPem,
      auth: registry.auth,
      backend: this.#backend,
      stored: new StoredBytes(directory, registry.maxBytes),
    });
  }
}
