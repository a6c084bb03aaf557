// Inflates and hashes gzip files as plainly as Node can be asked to, one after the other and each as a whole, and prints
// how long that took. Arguments: files. The floor of the first measurements, before there was a converter.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const startedAt = performance.now();
for (const path of process.argv.slice(2)) {
  const blob = readFileSync(path);
  createHash("sha256").update(blob).digest();
  createHash("sha256").update(gunzipSync(blob)).digest();
}
process.stdout.write(JSON.stringify({ elapsedMs: performance.now() - startedAt }));
