import { mkdir } from "node:fs/promises";
import { ensureBaseDrive } from "../images/ensure-base-drive.ts";
import { ensureKernel } from "../vm/kernels/catalogue.ts";
import { requireAcceleration } from "../vm/probe.ts";
import type { Paths } from "../store/paths.ts";

/** What a fresh installation can start without fetching anything more. */
const defaults = { kernel: "6.1", image: "debian-12", sizeBytes: 10 * 1024 ** 3 };

export interface SetUpOptions {
  paths: Paths;
  signal: AbortSignal;
  /** One line for people. */
  say: (line: string) => void;
}

/**
 * Afterwards the default kernel, the default image and its base drive are in the home directory, and it is known
 * whether hardware virtualization really works. Each step says what it does and how long it took; finished steps are
 * skipped silently, an interrupted one is taken up again.
 */
export async function setUpHost({ paths, signal, say }: SetUpOptions): Promise<void> {
  await mkdir(paths.home, { recursive: true, mode: 0o700 });
  const steps: Array<[string, (onProgress: (message: string) => void) => Promise<unknown>]> = [
    [`Kernel ${defaults.kernel}`, onProgress => ensureKernel(defaults.kernel, { paths, onProgress, signal })],
    [
      `Image ${defaults.image}`,
      onProgress =>
        ensureBaseDrive({
          paths,
          source: defaults.image,
          sizeBytes: defaults.sizeBytes,
          sizeIsExplicit: false,
          filesystem: "ext4",
          purpose: "root",
          onProgress: ({ message }) => onProgress(message),
          signal,
        }),
    ],
    ["Acceleration", () => requireAcceleration({ paths, signal })],
  ];
  for (const [name, run] of steps) await step(name, run, say);
}

async function step(
  name: string,
  run: (onProgress: (message: string) => void) => Promise<unknown>,
  say: (line: string) => void,
): Promise<void> {
  const startedAtMs = Date.now();
  const elapsed = () => `${((Date.now() - startedAtMs) / 1000).toFixed(1)} s`;
  let announced = false;
  let last = "";
  const announce = () => {
    if (!announced) say(`==> ${name}`);
    announced = true;
  };
  // A finished step returns at once; only one that takes time is worth a line.
  const timer = setTimeout(announce, 1000);
  try {
    await run(message => {
      if (message === last) return;
      last = message;
      announce();
      say(`    ${message} (${elapsed()})`);
    });
    if (announced) say(`    done (${elapsed()})`);
  } finally {
    clearTimeout(timer);
  }
}
