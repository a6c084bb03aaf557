import type { Readable, Writable } from "node:stream";

export interface TerminalSize {
  cols: number;
  rows: number;
}

/** A program running in a machine, as the play's runner hands it over (provisioning's GuestProcess fits). */
export interface GuestShell {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Rejects when the connection ended before the program told how it did. */
  readonly exited: Promise<{ exitCode: number | null; signal: string | null }>;
  /** Resolves when all output has been read. */
  readonly closed: Promise<void>;
  resize(size: TerminalSize): void;
  signal(name: string): void;
  close(): void;
}

export const clampSize = ({ cols, rows }: TerminalSize): TerminalSize => ({
  cols: clamp(cols, 2, 500),
  rows: clamp(rows, 1, 200),
});

const clamp = (value: number, low: number, high: number) =>
  Number.isFinite(value) ? Math.min(high, Math.max(low, Math.trunc(value))) : low;
