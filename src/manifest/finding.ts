import type { manifestProblems } from "../api/problems/manifest.ts";
import type { startProblems } from "../api/problems/start.ts";

export type FindingCode = keyof typeof manifestProblems | keyof typeof startProblems;

/** Errors prevent saving or starting; warnings may mislead a reader; notices say what the platform did or will not do. */
export type FindingSeverity = "error" | "warning" | "notice";

/** One thing to say about a manifest. */
export interface Finding {
  code: FindingCode;
  severity: FindingSeverity;
  /** e.g. playground.machines[0].drives[1].size; "" is the document itself */
  path: string;
  /** From 1; known when the manifest was YAML. */
  line?: number;
  column?: number;
  /** The offending value as it was written, shortened. */
  value?: string;
  message: string;
  hint?: string;
  /** A text that could stand in place of the value or the key. */
  suggestion?: string;
}
