import { buildImage } from "../fixtures/oci-image.ts";
import type { TestRegistry } from "../fixtures/registry.ts";

const image = buildImage([
  [
    { name: "pages/index.html", content: "hello from the image\n", mode: 0o644 },
    { name: "escape", type: "2", linkName: "../../../../../../srv" },
  ],
]);

/** The same bytes at every run, so manifests may name it. */
export const dataDigest = image.manifestDigest;

/** An image that only holds data: what a drive can be made from without being a root. */
export function pushDataImage(registry: TestRegistry): Promise<void> {
  return registry.push("lab/data", "v1", image);
}
