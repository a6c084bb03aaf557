/** Who has to act: the author of the manifest, the operator of the host, the person at the client, or us. */
export type ProblemOwner = "author" | "operator" | "user" | "bug";

export interface ProblemSpec {
  owner: ProblemOwner;
  /**
   * HTTP status. The official client retries 429, 503 and 504 by itself and prints the raw body for others, so
   * 503 is only for conditions that may pass without anyone acting.
   */
  status: number;
  title: string;
  /** What to try next; shown under the message by the CLI and the web UI unless the occurrence has a better one. */
  hint?: string;
}

export type ProblemTable = Record<`${string}/${string}`, ProblemSpec>;
