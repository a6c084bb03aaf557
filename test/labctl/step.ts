import assert from "node:assert/strict";
import type { Labctl, LabctlResult, RunOptions } from "./labctl.ts";

/** What the steps of one run share. Filled as the sequence goes on. */
export interface World {
  labctl: Labctl;
  /** Base URL without /api. */
  endpoint: string;
  /** Where the client keeps its configuration and keys. */
  home: string;
  sessionId: string;
  accessToken: string;
  /** A server answers under names below the ports domain on this port of loopback. */
  fetchExposed: (url: string) => Promise<{ status: number; body: string }>;
  /** Kills the machine of a play from outside, as a crash of its monitor would. */
  killMachine: (playId: string) => Promise<void>;
  /** Approves a login as the person at the browser would. */
  approve: (sessionId: string) => Promise<void>;
  /** Everything the server's disk tells of its plays, for a failure that nobody watched. */
  report: () => Promise<string>;
  /** Seconds that a machine may take to boot. */
  bootMs: number;
  changeMs: number;
  playground: string;
  playId: string;
}

export interface Step {
  id: string;
  /** The command line as a person would type it. */
  what: string;
  expected: string;
  /** Rejects when it is not as expected; else says in a few words what was found. */
  run(world: World): Promise<string>;
}

export interface Row {
  step: Step;
  outcome: "pass" | "fail";
  found: string;
  ms: number;
}

/** Runs a command that has to end with `exitCode`, and returns its stdout. */
export async function says(
  { labctl }: Pick<World, "labctl">,
  args: readonly string[],
  options: RunOptions & { exitCode?: number } = {},
): Promise<string> {
  return (await ends(labctl, args, options)).stdout.trimEnd();
}

export async function ends(
  labctl: Labctl,
  args: readonly string[],
  { exitCode = 0, ...options }: RunOptions & { exitCode?: number } = {},
): Promise<LabctlResult> {
  const result = await labctl.run(args, options);
  const told = `labctl ${args.join(" ")}: exit code ${result.exitCode}, stdout ${JSON.stringify(result.stdout.slice(0, 500))}, stderr ${JSON.stringify(result.stderr.slice(0, 1000))}`;
  assert.equal(result.exitCode, exitCode, told);
  return result;
}

/** The one word or line that a pattern finds, for the report; fails when it does not match. */
export function matching(text: string, pattern: RegExp): string {
  assert.match(text, pattern);
  return pattern.exec(text)?.[0].replaceAll("\n", " ").slice(0, 60) ?? "";
}

/** Tries until it does not reject, for what happens a moment later. */
export async function eventually<T>(timeoutMs: number, attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise(resolve => setTimeout(resolve, 500));
    }
  }
}
