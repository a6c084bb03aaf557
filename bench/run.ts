import { accessBenchmark } from "./access.ts";
import { imagesBenchmark } from "./images.ts";
import { startBenchmark, startFiveBenchmark } from "./start.ts";

/** `npm run bench -- NAME [runs]`. Each benchmark prints a table and writes its figures as JSON lines beside it. */
const benchmarks: Record<string, (runs: number, signal: AbortSignal) => Promise<void>> = {
  access: accessBenchmark,
  images: imagesBenchmark,
  start: startBenchmark,
  "start-five": startFiveBenchmark,
};

const [name, runs = "5"] = process.argv.slice(2);
const benchmark = benchmarks[name ?? ""];
if (benchmark === undefined || !/^[1-9]\d?$/.test(runs)) {
  console.error(`usage: npm run bench -- ${Object.keys(benchmarks).join("|")} [runs]`);
  process.exitCode = 64;
} else {
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort(new Error("interrupted")));
  await benchmark(Number(runs), abort.signal);
}
