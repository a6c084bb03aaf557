import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { Problem } from "../../api/problems.ts";
import { run, startChild } from "../../host/process.ts";
import type { BlobSink } from "../blobs.ts";
import type { Recipe } from "./recipe.ts";

/** A slow mirror is no reason to give up early; a stuck one is, at last. */
const buildTimeoutMs = 30 * 60_000;

/** Documentation and translations are a third of a small system; packages that a learner installs bring theirs. */
const leftOut = [
  "path-exclude=/usr/share/man/*",
  "path-exclude=/usr/share/doc/*",
  "path-include=/usr/share/doc/*/copyright",
  "path-exclude=/usr/share/info/*",
  "path-exclude=/usr/share/locale/*",
  "path-include=/usr/share/locale/locale.alias",
];

export interface BootstrapOptions {
  /** Scratch directory that exists, empty; must be reachable for the mapped users when this is not root. */
  workDirectory: string;
  isRoot: boolean;
  onLine: (line: string) => void;
  signal?: AbortSignal;
}

/** Installs a recipe's packages into a new root and streams it as an uncompressed archive into `sink`. */
export async function bootstrap(
  recipe: Recipe,
  sink: Pick<BlobSink, "write">,
  options: BootstrapOptions,
): Promise<void> {
  options.signal?.throwIfAborted();
  const child = await startChild(
    [...(await dyingWithParent(options.isRoot)), ...argumentsFor(recipe, options.isRoot)],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        LC_ALL: "C.UTF-8",
        TMPDIR: options.workDirectory,
        SOURCE_DATE_EPOCH: String(recipe.sourceDateEpoch),
        ...proxySettings(process.env),
      },
    },
  );
  let stopReason: string | undefined;
  const stop = (reason: string) => {
    stopReason ??= reason;
    void child.stop(10_000);
  };
  const onAbort = () => stop("was cancelled");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => stop(`did not finish within ${buildTimeoutMs / 60_000} minutes`), buildTimeoutMs);
  try {
    createInterface({ input: child.process.stderr as Readable }).on("line", options.onLine);
    for await (const chunk of child.process.stdout as AsyncIterable<Buffer>) await sink.write(chunk);
    const { exitCode, signal } = await child.exited;
    options.signal?.throwIfAborted();
    if (exitCode !== 0 || stopReason !== undefined) {
      throw new Problem("image/build-failed", {
        message: `the local image "${recipe.name}" could not be built: mmdebstrap ${stopReason ?? `ended with ${signal ?? exitCode}`}`,
        hint: "Its last lines are below; the usual reasons are no way to the distribution's mirror, or no user namespaces.",
        details: child.stderrTail().trim().split("\n").slice(-15),
      });
    }
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    await child.stop(10_000);
  }
}

/** Removes what a build left, also files of mapped users that an ordinary user cannot remove by himself. */
export async function removeWorkDirectory(directory: string, isRoot: boolean): Promise<void> {
  const remove = ["rm", "-rf", "--one-file-system", directory];
  await run(isRoot ? remove : ["mmdebstrap", "--unshare-helper", ...remove], { allowFailure: !isRoot });
  if (!isRoot) await run(remove);
}

/**
 * What to put before a command so that it does not outlive this process, should that be killed. Root's builds mount
 * things, so they get namespaces that take processes and mounts with them, where this host lets root have some.
 */
async function dyingWithParent(isRoot: boolean): Promise<string[]> {
  if (!isRoot) return ["setpriv", "--pdeathsig", "TERM"];
  const isolated = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--mount-proc", "--kill-child"];
  const probe = await run([...isolated, "true"], { allowFailure: true, timeoutMs: 10_000 });
  return probe.exitCode === 0 ? isolated : [];
}

function argumentsFor(recipe: Recipe, isRoot: boolean): string[] {
  const script = recipe.customizeScript.replace("@MASKED_UNITS@", recipe.maskedUnits.join(" "));
  return [
    "mmdebstrap",
    `--mode=${isRoot ? "root" : "unshare"}`,
    `--variant=${recipe.variant}`,
    "--format=tar",
    "--architectures=amd64",
    `--components=${recipe.components.join(",")}`,
    `--include=${recipe.packages.join(",")}`,
    '--aptopt=Acquire::Retries "3"',
    ...leftOut.map(option => `--dpkgopt=${option}`),
    `--customize-hook=${script}`,
    recipe.suite,
    "-",
  ];
}

function proxySettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ["http_proxy", "https_proxy", "no_proxy"];
  return Object.fromEntries(names.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])));
}
