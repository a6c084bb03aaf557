import { Problem } from "../../api/problems.ts";
import type { ExecSpec, OnOutput } from "./engine.ts";
import { type EngineHttp, wordsOf, readText } from "./engine-http.ts";
import { readFrames } from "./output-frames.ts";

/**
 * Runs a program in a container and returns its exit code. Both engines use the same three requests for it, below
 * `prefix`: create, start (which streams the output), inspect.
 */
export async function execInContainer(
  http: EngineHttp,
  prefix: string,
  containerId: string,
  spec: ExecSpec,
  onOutput: OnOutput,
  signal: AbortSignal,
): Promise<number> {
  const body = {
    AttachStdout: true,
    AttachStderr: true,
    AttachStdin: false,
    Tty: false,
    Cmd: spec.argv,
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
    Privileged: spec.privileged,
    ...(spec.user === undefined ? {} : { User: spec.user }),
    ...(spec.workingDirectory === undefined ? {} : { WorkingDir: spec.workingDirectory }),
  };
  const path = `${prefix}/containers/${containerId}/exec`;
  const created = (await http.json({ method: "POST", path, body, signal }, [200, 201])) as { Id: string };
  const start = { method: "POST", path: `${prefix}/exec/${created.Id}/start` } as const;
  const message = await http.open({ ...start, body: { Detach: false, Tty: false }, signal, timeoutMs: 0 });
  if (message.statusCode !== 200) {
    // The engine could not start the program, e.g. because it does not exist or its interpreter does not.
    const words = wordsOf(await readText(message));
    throw new Problem("build/command-failed", { message: `"${spec.argv.join(" ")}" cannot be started: ${words}` });
  }
  try {
    await readFrames(message, onOutput);
  } finally {
    message.destroy();
  }
  const ended = (await http.json({ method: "GET", path: `${prefix}/exec/${created.Id}/json`, signal }, [200])) as {
    ExitCode: number | null;
    Running: boolean;
  };
  if (ended.Running || ended.ExitCode === null) {
    throw new Problem("build/engine-failed", {
      message: `the output of "${spec.argv.join(" ")}" ended, but the engine does not tell its exit code`,
    });
  }
  return ended.ExitCode;
}
