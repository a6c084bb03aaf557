import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type DecodedFile, decodeFile, type DecodeTask } from "./decode-file.ts";
import type { FromWorker, ToWorker } from "./decoder-messages.ts";
import { GrowingFile, type Growth } from "./growing-file.ts";
import { DecodeError } from "./inflate.ts";

/** Smaller ones are decoded sooner than a thread has started. */
const worthAThreadBytes = 4 * 1024 * 1024;
/** zlib works in threads of its own anyway; these take hashing and writing off the one that serves everything else. */
const maxThreads = Math.max(1, Math.min(availableParallelism() - 1, 6));

export interface Decoding {
  /** Tells the decoder how far the blob has arrived. */
  input: Growth;
  result: Promise<DecodedFile>;
}

/** Threads that decode layers; each is kept for the next layer. Dispose of the pool when no decoding is under way. */
export class DecoderPool implements AsyncDisposable {
  readonly #idle: Worker[] = [];
  readonly #all: Worker[] = [];

  /**
   * Begins to decode a file that may still be growing. The descriptors must stay open until the result has settled.
   * It rejects with DecodeError for broken bytes.
   */
  decode(task: DecodeTask, onDecoded: (bytes: number) => void): Decoding {
    const worker = task.blobBytes < worthAThreadBytes ? undefined : this.#take();
    if (worker === undefined) return decodeHere(task, onDecoded);
    let isSettled = false;
    // The thread may work for somebody else by then.
    const send = (message: ToWorker) => isSettled || worker.postMessage(message);
    const result = new Promise<DecodedFile>((resolve, reject) => {
      const settle = () => {
        isSettled = true;
        worker.off("message", onMessage).off("error", onError);
        worker.unref();
      };
      const onMessage = (message: FromWorker) => {
        if (message.kind === "decoded") return onDecoded(message.bytes);
        settle();
        this.#idle.push(worker);
        if (message.kind === "done") resolve(message.decoded);
        else reject(failureOf(message));
      };
      const onError = (error: Error) => {
        settle();
        reject(error);
      };
      worker.ref();
      worker.on("message", onMessage).on("error", onError);
    });
    send({ kind: "task", task });
    return {
      input: {
        grow: availableBytes => send({ kind: "grow", availableBytes }),
        finish: availableBytes => send({ kind: "finish", availableBytes }),
        fail: () => send({ kind: "fail" }),
      },
      result,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.splice(0).map(worker => worker.terminate()));
  }

  #take(): Worker | undefined {
    return this.#idle.pop() ?? (this.#all.length < maxThreads ? this.#start() : undefined);
  }

  #start(): Worker {
    const worker = new Worker(new URL("./decode-worker.ts", import.meta.url));
    this.#all.push(worker);
    return worker;
  }
}

/** The same in this thread. */
export function decodeHere(task: DecodeTask, onDecoded: (bytes: number) => void): Decoding {
  const file = new GrowingFile(task.inputFd);
  return { input: file, result: decodeFile(file, task, onDecoded) };
}

function failureOf({ reason, message }: Extract<FromWorker, { kind: "failed" }>): Error {
  return reason === "other" ? new Error(message) : new DecodeError(reason, message);
}
