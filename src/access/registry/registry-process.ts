import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "../../api/problems.ts";
import { type Supervised, supervise } from "../../host/supervise.ts";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { removeUnfinishedUploads } from "./stored-bytes.ts";

/** On the loopback interface of the play's namespace, where nothing else listens and no machine can send to. */
const address = { host: "127.0.0.1", port: 5000 };
const connectWithinMs = 30_000;

export interface RegistryProcessOptions {
  /** Holds the images; made when it is not there. */
  storage: string;
  configFile: string;
  /** It cannot be kept running. The next use tries again. */
  onFailure: (problem: Problem) => void;
}

/** Debian's docker-registry, started with the first connection to it and kept running from then on. */
export class RegistryProcess implements AsyncDisposable {
  readonly #options: RegistryProcessOptions;
  #started: Promise<Supervised> | undefined;
  #disposed = false;

  constructor(options: RegistryProcessOptions) {
    this.#options = options;
  }

  /** A connection to it, also while it starts. Rejects with a Problem when it does not come up. */
  async connect(signal: AbortSignal): Promise<Socket> {
    const deadline = Date.now() + connectWithinMs;
    const running = await this.#start();
    let gaveUp: string[] | undefined;
    void running.gaveUp.then(lines => (gaveUp = lines));
    for (;;) {
      signal.throwIfAborted();
      const socket = await tryConnecting();
      if (socket !== undefined) return socket;
      if (gaveUp !== undefined || Date.now() > deadline) throw failure(gaveUp ?? running.lastLines());
      await sleep(25);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const running = await this.#started?.catch(() => undefined);
    await running?.stop();
  }

  #start(): Promise<Supervised> {
    if (this.#disposed) throw failure(["the play is ending"]);
    this.#started ??= this.#launch().catch(error => {
      this.#started = undefined;
      const problem = error instanceof Problem ? error : failure([String(error)], error);
      this.#options.onFailure(problem);
      throw problem;
    });
    return this.#started;
  }

  async #launch(): Promise<Supervised> {
    const { storage, configFile, onFailure } = this.#options;
    await mkdir(storage, { recursive: true, mode: 0o700 });
    await removeUnfinishedUploads(join(storage, "docker", "registry", "v2", "repositories"));
    await writeFileAtomic(configFile, `${JSON.stringify(configuration(storage), null, 1)}\n`, 0o600);
    const running = await supervise([
      // It reads what guests send, so it keeps no rights over the namespace.
      ...["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"],
      ...["docker-registry", "serve", configFile],
    ]);
    void running.gaveUp.then(lines => {
      this.#started = undefined;
      onFailure(failure(lines));
    });
    return running;
  }
}

/** JSON is YAML. */
function configuration(storage: string) {
  return {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storage },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: { addr: `${address.host}:${address.port}`, secret: randomBytes(32).toString("hex") },
  };
}

function tryConnecting(): Promise<Socket | undefined> {
  return new Promise(resolve => {
    const socket = connect(address);
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", () => resolve(undefined));
  });
}

function failure(said: readonly string[], cause?: unknown): Problem {
  return new Problem("access/registry-failed", { details: said, ...(cause === undefined ? {} : { cause }) });
}
