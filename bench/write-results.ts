import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Replaces the figures of a benchmark, a JSON line each, in `results/` beside this file, and says where they are. */
export async function writeResults(benchmark: string, figures: readonly object[]): Promise<void> {
  const directory = join(import.meta.dirname, "results");
  await mkdir(directory, { recursive: true });
  const file = join(directory, `${benchmark}.jsonl`);
  await writeFile(file, figures.map(figure => `${JSON.stringify({ benchmark, ...figure })}\n`).join(""));
  console.log(`Figures: ${file}`);
}
