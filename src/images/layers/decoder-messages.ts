import type { ArchiveParts } from "../tar/header-copier.ts";
import type { DecodedFile, DecodeTask } from "./decode-file.ts";
import type { DecodeError } from "./inflate.ts";

export type ToWorker =
  | { kind: "task"; task: DecodeTask }
  | { kind: "grow"; availableBytes: number }
  | { kind: "finish"; availableBytes: number }
  | { kind: "fail" };

export type FromWorker =
  | { kind: "decoded"; bytes: number }
  | { kind: "headers"; parts: ArchiveParts }
  | { kind: "done"; decoded: DecodedFile }
  | { kind: "failed"; reason: DecodeError["code"] | "other"; message: string };
