import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "../../api/problems.ts";
import { formatImageSource, parseImageSource } from "../catalogue.ts";
import { formatReference, parseReference, parseShortReference } from "./reference.ts";

const hex = "0123456789abcdef".repeat(4);

test("34: host, port, repository, tag and digest", () => {
  const cases: Array<[string, object]> = [
    ["oci://ghcr.io/me/lab:v1", { registry: "ghcr.io", repository: "me/lab", tag: "v1" }],
    ["ghcr.io/me/lab", { registry: "ghcr.io", repository: "me/lab", tag: "latest" }],
    ["localhost/x:1", { registry: "localhost", repository: "x", tag: "1" }],
    ["127.0.0.1:5000/a/b/c:T_-.9", { registry: "127.0.0.1:5000", repository: "a/b/c", tag: "T_-.9" }],
    ["[::1]:5000/lab:v1", { registry: "[::1]:5000", repository: "lab", tag: "v1" }],
    [`h.example:1/a@sha256:${hex}`, { registry: "h.example:1", repository: "a", digest: `sha256:${hex}` }],
    [`h.example/a:v@sha256:${hex}`, { registry: "h.example", repository: "a", tag: "v", digest: `sha256:${hex}` }],
    ["h.example/a__b/c.d-e---f", { registry: "h.example", repository: "a__b/c.d-e---f", tag: "latest" }],
  ];
  for (const [text, reference] of cases) {
    assert.deepEqual(parseReference(text), reference, text);
    assert.deepEqual(parseReference(formatReference(parseReference(text))), reference, text);
  }
});

test("34: what is no reference is refused with the reason", () => {
  const cases: Array<[string, RegExp]> = [
    ["ubuntu", /host of its registry/],
    ["me/lab:v1", /host of its registry/],
    ["", /host of its registry/],
    ["-bad.example/x", /impossible registry host/],
    ["h.example/UPPER", /impossible repository/],
    ["h.example/", /impossible repository/],
    ["h.example/a//b", /impossible repository/],
    ["h.example/../etc", /impossible repository/],
    ["h.example/a:", /impossible tag/],
    ["h.example/a:b c", /impossible tag/],
    ["h.example/a@sha256:12", /digest/],
    [`h.example/a@sha256:${hex.toUpperCase()}`, /digest/],
    [`h.example/a@sha512:${hex}${hex}`, /by sha512; only sha256 is supported/],
    [`h.example/a@sha256:${hex}@sha256:${hex}`, /more than one digest/],
    ["user@h.example/a", /digest/],
    ["https://h.example/a", /^"https:\/\/h\.example\/a" begins with https:\/\/; .* begins with oci:\/\//],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseReference(text),
      (error: Problem) => error.code === "image/bad-reference" && message.test(error.message),
      text,
    );
  }
});

test("named images: local ones, the upstream repository and its aliases", () => {
  assert.deepEqual(parseImageSource("debian-12"), { kind: "local", name: "debian-12" });
  assert.equal(formatImageSource(parseImageSource("ubuntu-24-04")), "oci://ghcr.io/iximiuz/labs/rootfs:ubuntu-24-04");
  assert.equal(formatImageSource(parseImageSource("docker")), "oci://ghcr.io/iximiuz/labs/rootfs:ubuntu-docker");
  assert.equal(formatImageSource(parseImageSource("oci://h.example/a")), "oci://h.example/a:latest");
  for (const bad of ["", "../x", "ghcr.io/me/x", "constructor:x", "A"]) {
    assert.throws(
      () => parseImageSource(bad),
      (error: Problem) => error.code === "image/bad-reference",
      bad,
    );
  }
});

test("34: Docker's short forms are images of Docker Hub, wherever they are allowed", () => {
  const short = (text: string) => formatReference(parseShortReference(text));
  assert.equal(short("ubuntu"), "docker.io/library/ubuntu:latest");
  assert.equal(short("oci://ubuntu:24.04"), "docker.io/library/ubuntu:24.04");
  assert.equal(short("me/lab"), "docker.io/me/lab:latest");
  assert.equal(short("localhost/lab"), "localhost/lab:latest");
  assert.equal(short("localhost:5000/lab:v1"), "localhost:5000/lab:v1");
  assert.equal(short("ghcr.io/me/lab:v1"), "ghcr.io/me/lab:v1");
  assert.equal(short("[::1]:5000/lab"), "[::1]:5000/lab:latest");
  assert.equal(short("index.docker.io/ubuntu"), "docker.io/library/ubuntu:latest");
  // What is quoted is what was typed.
  assert.throws(() => short("me/LAB"), /^Problem: "me\/LAB" has an impossible repository name/);
  for (const nothing of ["", "oci://"]) assert.throws(() => short(nothing), /names no image/);
});
