// The image part as a library, without server, plays or virtual machines:
//   node examples/image-to-disk.ts oci://127.0.0.1:5000/me/lab:v1 ./cache
// prints where the drive lies and what would hinder it from booting. Works on any source that `labyard image` takes.
import { resolve } from "node:path";
import { parseCommandSource } from "../src/images/catalogue.ts";
import { ensureBaseDrive } from "../src/images/ensure-base-drive.ts";
import { registryAccess } from "../src/images/registry/access.ts";

const [source = "", cache = "./cache"] = process.argv.slice(2);
const drive = await ensureBaseDrive({
  paths: { home: resolve(cache), runtime: resolve(cache) },
  source: await parseCommandSource(source),
  sizeBytes: 2 ** 30,
  sizeIsExplicit: false,
  filesystem: "ext4",
  purpose: "data",
  registries: registryAccess({}, process.env),
  env: process.env,
  onProgress: ({ step, message }) => console.error(`${step}: ${message}`),
});
for (const { severity, message, fix } of drive.findings) console.error(`${severity}: ${message}. ${fix}`);
console.log(drive.path);
