import { Problem } from "./api/problems.ts";
import { runPlay } from "./playground/runner.ts";
import { resolvePaths } from "./store/paths.ts";

// The program that the server starts inside a play's namespaces; its argument is the play's id. Not a command of
// main.ts: loading all the others would take longer than building the play's network. What it prints is the runner's log.
const terminate = new AbortController();
process.on("SIGINT", () => terminate.abort(new Error("interrupted by SIGINT")));
process.on("SIGTERM", () => terminate.abort(new Error("interrupted by SIGTERM")));
const playId = process.argv[2] ?? "";

try {
  await runPlay({ paths: resolvePaths(process.env, process.getuid?.() ?? 0), playId, signal: terminate.signal });
} catch (error) {
  const said = error instanceof Problem ? `${error.code}: ${error.message}` : ((error as Error).stack ?? String(error));
  process.stderr.write(`${said}\n`);
  process.exitCode = 1;
} finally {
  // Sockets that a library keeps open must not keep a finished runner alive.
  setTimeout(() => process.exit(), 3000).unref();
}
