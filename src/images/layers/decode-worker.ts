// Decodes one layer after another in a thread of its own; `DecoderPool` talks to it.
import { parentPort } from "node:worker_threads";
import type { ArchiveParts } from "../tar/header-copier.ts";
import { decodeFile } from "./decode-file.ts";
import type { FromWorker, ToWorker } from "./decoder-messages.ts";
import { GrowingFile } from "./growing-file.ts";
import { DecodeError } from "./inflate.ts";

const port = parentPort;
if (port === null) throw new Error("this file runs as a worker thread only");
const answer = (message: FromWorker) => port.postMessage(message);
let current: GrowingFile | undefined;

port.on("message", (message: ToWorker) => {
  if (message.kind === "grow") current?.grow(message.availableBytes);
  else if (message.kind === "finish") current?.finish(message.availableBytes);
  else if (message.kind === "fail") current?.fail(new Error("given up"));
  else {
    current = new GrowingFile(message.task.inputFd);
    const onHeaders = (parts: ArchiveParts) =>
      port.postMessage({ kind: "headers", parts } satisfies FromWorker, [parts.bytes.buffer]);
    decodeFile(current, message.task, {
      onDecoded: bytes => answer({ kind: "decoded", bytes }),
      onHeaders: message.task.wantsHeaders === true ? onHeaders : undefined,
    }).then(
      decoded => answer({ kind: "done", decoded }),
      (error: Error) => {
        const reason = error instanceof DecodeError ? error.code : "other";
        answer({ kind: "failed", reason, message: error.message });
      },
    );
  }
});
