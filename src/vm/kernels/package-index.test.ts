import assert from "node:assert/strict";
import { test } from "node:test";
import { newestName } from "./package-index.ts";

test("the package with the highest numbers is the newest", () => {
  const names = ["6.12.90+deb12.1", "6.12.117+deb12", "6.12.90+deb12", "6.12.9+deb12"].map(
    release => `linux-image-${release}-cloud-amd64`,
  );
  assert.equal(newestName(names), "linux-image-6.12.117+deb12-cloud-amd64");
  assert.equal(
    newestName(["linux-image-6.1.0-9-cloud-amd64", "linux-image-6.1.0-10-cloud-amd64-dbg", ""]),
    "linux-image-6.1.0-9-cloud-amd64",
  );
  assert.equal(newestName([]), undefined);
});
