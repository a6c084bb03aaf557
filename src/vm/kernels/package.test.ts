import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMetaPackage } from "./package.ts";

test("the meta package names the kernel package and its version", () => {
  const stanza = `Package: linux-image-cloud-amd64
Source: linux-signed-amd64 (6.1.192+2)
Version: 6.1.192-2
Depends: linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)
Description: Linux for x86-64 cloud (meta-package)
`;
  assert.deepEqual(parseMetaPackage(stanza), { name: "linux-image-6.1.0-56-cloud-amd64", version: "6.1.192-2" });
  assert.equal(parseMetaPackage(""), undefined);
  assert.equal(parseMetaPackage("Package: x\nVersion: 1\nDepends: linux-image-generic\n"), undefined);
});
