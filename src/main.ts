import { basename } from "node:path";
import { createProgram } from "./cli/program.ts";
import { reportFailure } from "./cli/report.ts";
import { resolvePaths } from "./store/paths.ts";

// With runner.ts the only file that catches signals and, the probe of the network apart, reads argv.
const abort = new AbortController();
let interrupts = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    interrupts += 1;
    abort.abort(new Error(`interrupted by ${signal}`));
    // Someone who asks twice does not want to wait for an orderly end.
    if (interrupts > 1) process.exit(130);
  });
}
process.stdout.on("error", error => {
  // The reader of a pipe (head, less) has seen enough.
  if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0);
});

const context = {
  programName: basename(process.env.LABYARD_PROGRAM_NAME ?? "labyard"),
  env: process.env,
  paths: resolvePaths(process.env, process.getuid?.() ?? 0),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: abort.signal,
  exitCode: 0,
};

try {
  const program = await createProgram(context, process.argv[2]);
  await program.parseAsync(process.argv);
  process.exitCode = context.exitCode;
} catch (error) {
  process.exitCode = reportFailure(error, context);
} finally {
  // Sockets that a library keeps open must not keep a finished command alive.
  if (abort.signal.aborted) setTimeout(() => process.exit(), 3000).unref();
}
