import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type DecodedFile, decodeFile, type DecodeListener, type DecodeTask } from "./decode-file.ts";
import type { FromWorker, ToWorker } from "./decoder-messages.ts";
import { GrowingFile, type Growth } from "./growing-file.ts";
import { DecodeError } from "./inflate.ts";

/** Smaller ones are decoded sooner than a thread has started. */
const worthAThreadBytes = 4 * 1024 * 1024;
/** Inflating keeps a core busy; what serves everything else needs little of one. */
const maxThreads = Math.min(availableParallelism(), 6);

export interface Decoding {
  /** Tells the decoder how far the blob has arrived. */
  input: Growth;
  result: Promise<DecodedFile>;
}

/** Threads that decode layers; each is kept for the next layer. Dispose of the pool when no decoding is under way. */
export class DecoderPool implements AsyncDisposable {
  readonly #idle: Worker[] = [];
  readonly #all: Worker[] = [];
  readonly #waiting: Array<(worker: Worker) => void> = [];

  /** Starts a thread, so that it is there when the first layer comes. */
  prepare(): void {
    if (this.#all.length === 0) this.#idle.push(this.#start());
  }

  /**
   * Begins to decode a file that may still be growing, as soon as there is a thread for it. The descriptors must stay
   * open until the result has settled. It rejects with DecodeError for broken bytes.
   */
  decode(task: DecodeTask, listener: DecodeListener): Decoding {
    if (task.blobBytes < worthAThreadBytes) return decodeHere(task, listener);
    const input = new DeferredGrowth();
    const worker = this.#take();
    const result =
      worker === undefined
        ? new Promise<Worker>(resolve => this.#waiting.push(resolve)).then(free =>
            this.#run(free, task, listener, input),
          )
        : this.#run(worker, task, listener, input);
    return { input, result };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.splice(0).map(worker => worker.terminate()));
  }

  #run(worker: Worker, task: DecodeTask, listener: DecodeListener, input: DeferredGrowth): Promise<DecodedFile> {
    let isSettled = false;
    // The thread may work for somebody else by then.
    const send = (message: ToWorker) => isSettled || worker.postMessage(message);
    const result = new Promise<DecodedFile>((resolve, reject) => {
      const settle = () => {
        isSettled = true;
        worker.off("message", onMessage).off("error", onError);
      };
      const onMessage = (message: FromWorker) => {
        if (message.kind === "decoded") return listener.onDecoded(message.bytes);
        if (message.kind === "headers") return listener.onHeaders?.(message.parts);
        settle();
        this.#release(worker);
        if (message.kind === "done") resolve(message.decoded);
        else reject(failureOf(message));
      };
      const onError = (error: Error) => {
        settle();
        // The others need not wait for a thread that is gone.
        this.#all.splice(this.#all.indexOf(worker), 1);
        if (this.#waiting.length > 0) this.#release(this.#start());
        reject(error);
      };
      worker.ref();
      worker.on("message", onMessage).on("error", onError);
    });
    send({ kind: "task", task: { ...task, wantsHeaders: listener.onHeaders !== undefined } });
    input.passTo({
      grow: availableBytes => send({ kind: "grow", availableBytes }),
      finish: availableBytes => send({ kind: "finish", availableBytes }),
      fail: () => send({ kind: "fail" }),
    });
    return result;
  }

  #take(): Worker | undefined {
    return this.#idle.pop() ?? (this.#all.length < maxThreads ? this.#start() : undefined);
  }

  #release(worker: Worker): void {
    const next = this.#waiting.shift();
    if (next !== undefined) return next(worker);
    worker.unref();
    this.#idle.push(worker);
  }

  #start(): Worker {
    const worker = new Worker(new URL("./decode-worker.ts", import.meta.url));
    worker.unref();
    this.#all.push(worker);
    return worker;
  }
}

/** Keeps what is known of a file's growth until somebody reads the file. */
class DeferredGrowth implements Growth {
  #target: Growth | undefined;
  #replay: Array<(target: Growth) => void> = [];
  #lastBytes = 0;

  passTo(target: Growth): void {
    this.#target = target;
    if (this.#lastBytes > 0) target.grow(this.#lastBytes);
    for (const step of this.#replay.splice(0)) step(target);
  }

  grow(availableBytes: number): void {
    this.#lastBytes = availableBytes;
    this.#target?.grow(availableBytes);
  }

  finish(availableBytes: number): void {
    this.#tell(target => target.finish(availableBytes));
  }

  fail(reason: Error): void {
    this.#tell(target => target.fail(reason));
  }

  #tell(step: (target: Growth) => void): void {
    if (this.#target === undefined) this.#replay.push(step);
    else step(this.#target);
  }
}

/** The same in this thread. */
export function decodeHere(task: DecodeTask, listener: DecodeListener): Decoding {
  const file = new GrowingFile(task.inputFd);
  return { input: file, result: decodeFile(file, task, listener) };
}

function failureOf({ reason, message }: Extract<FromWorker, { kind: "failed" }>): Error {
  return reason === "other" ? new Error(message) : new DecodeError(reason, message);
}
