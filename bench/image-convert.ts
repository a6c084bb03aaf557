// Makes a base drive in an empty home and prints how long that took and the most memory it had. Arguments: home,
// source (a reference or a layout directory).
import { readFile } from "node:fs/promises";
import { ensureBaseDrive } from "../src/images/ensure-base-drive.ts";

const [home = "", source = ""] = process.argv.slice(2);
const startedAt = performance.now();
const { path } = await ensureBaseDrive({
  paths: { home, runtime: home },
  source: source.startsWith("oci://") ? source : { kind: "layout", path: source },
  sizeBytes: 10 * 1024 ** 3,
  sizeIsExplicit: false,
  filesystem: "ext4",
  purpose: "root",
});
const elapsedMs = performance.now() - startedAt;
process.stdout.write(JSON.stringify({ elapsedMs, peakRssKiB: await peakRssKiB(), path }));

/** Of this program alone: what getrusage tells begins with the peak of the process that started it. */
async function peakRssKiB(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8");
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]);
}
