import { sequence } from "./sequence.ts";
import type { Row, Step, World } from "./step.ts";

/** Runs one step; a failure is a row, not an exception. */
export async function runStep(step: Step, world: World): Promise<Row> {
  const begun = Date.now();
  const row = (outcome: Row["outcome"], found: string): Row => ({ step, outcome, found, ms: Date.now() - begun });
  try {
    return row("pass", await step.run(world));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return row("fail", `${why}\n${await world.report()}`);
  }
}

/** All steps in order; one that fails does not keep the others from being tried. */
export async function runSequence(world: World, onRow: (row: Row) => void): Promise<Row[]> {
  const rows: Row[] = [];
  for (const step of sequence) {
    const row = await runStep(step, world);
    rows.push(row);
    onRow(row);
  }
  return rows;
}

/** One row of the report: step, what was done, what was expected, what was found. */
export function formatRow({ step, outcome, found, ms }: Row): string {
  const seconds = `${(ms / 1000).toFixed(1)} s`.padStart(7);
  const shown = outcome === "pass" ? found.replaceAll("\n", " ").slice(0, 100) : found;
  return `${outcome.toUpperCase().padEnd(4)} ${seconds}  ${step.id.padEnd(3)} ${step.what}\n               expected: ${step.expected}\n               found:    ${shown}`;
}
