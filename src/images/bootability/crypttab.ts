import { isAbsentDrive, isOptional } from "./absent-drive.ts";
import type { Check } from "./finding.ts";
import type { ImageView } from "./image-view.ts";
import { isWanted, maskOf } from "./units.ts";

const target = "cryptsetup.target";
/** The first that has the name decides, as with units. */
const generators = ["/etc", "/usr/local/lib", "/usr/lib", "/lib"].map(
  directory => `${directory}/systemd/system-generators/systemd-cryptsetup-generator`,
);

/** Encrypted drives of the machine that an image was taken from. Under other inits nothing waits for them. */
export const checkCrypttab: Check = function* (image, init) {
  if (init !== "systemd" || !readsTable(image)) return;
  if (!isWanted(image, target) || maskOf(image, target) !== undefined) return;
  const path = "/etc/crypttab";
  for (const line of image.lines(path)) {
    const [name = "", device = "", , options = ""] = line.split(/\s+/);
    // Drives of the network belong to a target of their own, which hardly anything starts.
    if (!isAbsentDrive(device) || isOptional(options) || options.split(",").includes("_netdev")) continue;
    yield {
      code: "boot/crypttab-waits",
      severity: "warning",
      message: `the boot waits 90 s for ${device}: /etc/crypttab has ${name} opened from it`,
      path,
      fix: `RUN sed -i '\\|^[[:space:]]*${name.replaceAll("|", "\\|")}[[:space:]]|d' ${path}  # or add nofail to its options`,
    };
  }
};

/** Some distributions have the generator in a package of its own; without it the table says nothing to systemd. */
function readsTable(image: ImageView): boolean {
  const generator = generators.find(path => image.entry(path) !== undefined);
  const node = generator === undefined ? undefined : image.find(generator)?.node;
  return node?.type === "file" && node.size > 0;
}
