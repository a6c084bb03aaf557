import type { Paths } from "../store/paths.ts";

/** What a command gets from the outside world. Commands read nothing else: no argv, no environment, no signals. */
export interface CliContext {
  /** "labyard" or "labctl" */
  readonly programName: string;
  readonly env: NodeJS.ProcessEnv;
  readonly paths: Paths;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborted by Ctrl-C or TERM. */
  readonly signal: AbortSignal;
  /** Set by a command that succeeded in telling a failure (`manifest check`, a remote exit status). */
  exitCode: number;
}
