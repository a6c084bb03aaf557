import type { RealServer } from "../fixtures/server.ts";
import type { TestRegistry } from "../fixtures/registry.ts";

/** One line of the table: what a manifest says, and what must be found where it takes effect. */
export interface Row {
  /** As the reference names it. */
  field: string;
  /** What the manifest (or the person who starts it) wrote. */
  written: string;
  /** The whole finding, or a pattern in it. */
  expected: string | RegExp;
  ask: GuestQuestion | ApiQuestion;
}

/** A command in a machine of the stage's play; what it prints is what was found. */
export interface GuestQuestion {
  machine: string;
  /** Default: root */
  user?: string;
  command: string;
}

export type ApiQuestion = (world: World) => Promise<string>;

/** What the rows of a run share. */
export interface World {
  server: RealServer;
  registry: TestRegistry;
  /** Aborts when all rows have been asked. */
  signal: AbortSignal;
  /** Of the stage's play. */
  playId: string;
  /** By manifest: what `reach` has started. */
  plays: Map<string, string>;
}

/** Rows that are asked together, as soon as `reach` has brought about what they are about. */
export interface Stage {
  title: string;
  /** Which manifest's play its guest questions go to. */
  play?: "fields" | "tasks";
  /** Brings the play (the first stage of a play starts it) to where its rows can be asked. */
  reach?: (world: World) => Promise<void>;
  /** Afterwards nothing of the stage holds processors that the next one needs. */
  leave?: (world: World) => Promise<void>;
  rows: readonly Row[];
}

export interface Result {
  field: string;
  written: string;
  found: string;
  passed: boolean;
}

/** A row about the inside of a machine. */
export function inside(
  machine: string,
  field: string,
  written: string,
  command: string,
  expected: Row["expected"],
): Row {
  return { field, written, expected, ask: { machine, command } };
}

/** A row about an answer of the server. */
export function api(field: string, written: string, ask: ApiQuestion, expected: Row["expected"]): Row {
  return { field, written, expected, ask };
}
