import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { JournalQuery } from "../access/journal-query.ts";
import type { PortProtocol } from "../access/probe-protocol.ts";
import type { PlayState, TaskState } from "../api/play-state.ts";
import type { Manifest } from "../manifest/schema.ts";
import type { HostFacts } from "../plan/plan.ts";
import type { ImageFinding } from "./known-image-findings.ts";

/** Everything a play starts from: frozen at creation, never changed by later edits of its playground. */
export interface PlayRequest {
  /** 24 lower-case hex digits, chosen by the caller */
  playId: string;
  /** Validated and merged with its base and overrides. */
  manifest: Manifest;
  /** Resolved: every declared key has a value. */
  initConditions: Record<string, string>;
  /** What one machine and all of them together get at most; requests above are scaled down, and a notice says so. */
  limits: HostFacts["limits"];
}

/**
 * What can be asked of the plays of this home. Knows nothing of users, tokens or databases.
 *
 * Truth is on disk and in the runners' sockets: a new instance (after a server restart) sees the same plays.
 * All methods reject with a Problem: `playground/action-not-allowed` when the play's state forbids the action,
 * `playground/runner-gone` when no runner answers, `server/not-found` for unknown plays, machines and tasks.
 */
export interface Plays {
  /** Records the play and begins to start it; resolves once it is recorded. Progress comes through `watch`. */
  create(request: PlayRequest): Promise<void>;
  /** Ids of all plays that have a directory, running or not. */
  list(): Promise<string[]>;
  /** Names that `kernel.source` may have here: versions that can be fetched, and kernels of the operator's own. */
  kernels(): Promise<string[]>;
  /** What is known here of the images that a manifest boots from and its author should know. Pulls nothing. */
  imageFindings(manifest: Manifest): Promise<ImageFinding[]>;
  /** The live state, or the last one written when no runner runs. Without task output. */
  state(playId: string): Promise<PlayState | undefined>;
  /** The current state at once, then the full state after every change, until the play ends or `signal` aborts. */
  watch(playId: string, signal: AbortSignal): AsyncIterable<PlayState>;
  /** All tasks with their output. */
  tasks(playId: string): Promise<TaskState[]>;
  /** Shuts the machines down cleanly, keeps the drives. Resolves when the request is accepted. */
  stop(playId: string): Promise<void>;
  /** Boots a stopped (or failed) play again from its drives. Resolves when the request is accepted. */
  restart(playId: string): Promise<void>;
  /** Stops if needed and removes drives; events and the last state stay readable. Resolves when accepted. */
  destroy(playId: string): Promise<void>;
  retryTask(playId: string, task: string): Promise<void>;
  skipTask(playId: string, task: string): Promise<void>;
  machineAction(playId: string, machine: string, action: "reboot" | "stop" | "restart"): Promise<void>;
  /** Last part (at most 256 KiB) of the machine's serial console. */
  console(playId: string, machine: string): Promise<string>;
  /** A raw TCP stream to a port of a machine, opened inside the play's network. */
  dial(playId: string, machine: string, port: number, signal: AbortSignal): Promise<Duplex>;
  /** TCP ports on which programs of a machine (default: of all that answer) listen on its main address. */
  scanPorts(playId: string, machine?: string): Promise<ListeningPort[]>;
  /**
   * Lets the owner of an ssh public key (one checked line) log in as this user, and waits for the machine to get that
   * far. Resolves when the key is in place and the machine's own sshd has been given a moment to come up.
   */
  authorizeKey(playId: string, request: KeyRequest): Promise<void>;
  /** Opens a terminal session that survives its viewers; returns its id. */
  openTerminal(playId: string, terminal: TerminalRequest): Promise<string>;
  listTerminals(playId: string): Promise<Array<{ id: string; machine: string; user: string }>>;
  closeTerminal(playId: string, terminalId: string): Promise<void>;
  /**
   * Hands an authorized WebSocket upgrade to the runner, which speaks terminal-protocol, exec-protocol, the official
   * client's journal messages or raw TCP on it.
   * On failure the socket gets an HTTP error response and is closed.
   */
  upgrade(playId: string, target: UpgradeTarget, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  /** Finds running plays again, finishes what dead runners left behind, resumes interrupted starts. Call once at server start. */
  recover(): Promise<void>;
}

export interface TerminalRequest {
  machine: string;
  /** Default: the machine's default user. */
  user?: string;
  cols: number;
  rows: number;
}

export interface ListeningPort {
  machine: string;
  number: number;
  protocol: PortProtocol;
}

export interface KeyRequest {
  machine: string;
  user: string;
  /** "type base64 comment" */
  key: string;
  timeoutMs: number;
}

export type UpgradeTarget =
  | { kind: "terminal"; terminalId: string }
  | { kind: "journal"; machine: string; query: JournalQuery }
  /** The payload as it came in the URL: see access/tunnel-payload.ts. */
  | { kind: "tunnel"; machine: string; payload: string }
  | { kind: "exec"; machine: string; user?: string; command?: string; pty?: { cols: number; rows: number } };
