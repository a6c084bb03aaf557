// Makes a base drive in an empty home and prints how long that took and the most memory it had. Arguments: home, source.
import { ensureBaseDrive } from "../src/images/ensure-base-drive.ts";

const [home = "", source = ""] = process.argv.slice(2);
const startedAt = performance.now();
const { path } = await ensureBaseDrive({
  paths: { home, runtime: home },
  source,
  sizeBytes: 10 * 1024 ** 3,
  sizeIsExplicit: false,
  filesystem: "ext4",
  purpose: "root",
});
const elapsedMs = performance.now() - startedAt;
process.stdout.write(JSON.stringify({ elapsedMs, peakRssKiB: process.resourceUsage().maxRSS, path }));
