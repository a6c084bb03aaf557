import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem, ProblemCode } from "../api/problems.ts";
import { parseConfig, parseManifest, selectPlatform } from "./image-manifest.ts";

/** The numbers in the names are those of the correctness checklist. */

const digest = (n: number) => `sha256:${String(n).padStart(64, "0")}` as const;
const descriptor = (n: number, more: object = {}) => ({ mediaType: "", digest: digest(n), size: 10, ...more });
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const manifest = (more: object = {}) => ({ schemaVersion: 2, config: descriptor(1), layers: [descriptor(2)], ...more });
const fails = (run: () => unknown, code: ProblemCode, message: RegExp) =>
  assert.throws(run, (error: Problem) => error.code === code && message.test(error.message));
const platform = (os: string, architecture: string, variant?: string) => ({ platform: { os, architecture, variant } });

function select(...candidates: object[]) {
  const index = parseManifest(bytes({ schemaVersion: 2, manifests: candidates }), "x");
  assert.equal(index.kind, "index");
  return selectPlatform(index, "x").digest;
}

test("31: the plainest linux/amd64 member is chosen, attestations and other platforms are not", () => {
  assert.equal(
    select(
      descriptor(1, platform("linux", "arm64", "v8")),
      descriptor(2, platform("linux", "amd64", "v3")),
      descriptor(3, platform("linux", "amd64")),
      descriptor(4, platform("unknown", "unknown")),
      descriptor(5, platform("windows", "amd64")),
    ),
    digest(3),
  );
  assert.equal(select(descriptor(1)), digest(1));
  const attestation = descriptor(2, platform("unknown", "unknown"));
  assert.equal(select(attestation, descriptor(1)), digest(1));
  fails(() => select(descriptor(1), descriptor(2)), "image/wrong-platform", /it has: unnamed/);
});

test("31: without one the answer lists what there is", () => {
  const arm = descriptor(1, platform("linux", "arm", "v7"));
  fails(
    () => select(arm, descriptor(2, platform("unknown", "unknown"))),
    "image/wrong-platform",
    /\(it has: linux\/arm\/v7\)/,
  );
  fails(() => select(), "image/wrong-platform", /nothing/);
});

test("32: kinds that cannot become a drive are named", () => {
  fails(() => parseManifest(bytes({ schemaVersion: 1 }), "x"), "image/unsupported", /schema 1/);
  const helm = manifest({ config: descriptor(1, { mediaType: "application/vnd.cncf.helm.config.v1+json" }) });
  fails(() => parseManifest(bytes(helm), "x"), "image/unsupported", /artifact of type "application\/vnd.cncf.helm/);
  const encrypted = manifest({ layers: [descriptor(2, { mediaType: "application/tar+encrypted" })] });
  fails(() => parseManifest(bytes(encrypted), "x"), "image/unsupported", /encrypted/);
});

test("30: foreign layers are refused, and what they are is said", () => {
  const foreign = manifest({ layers: [descriptor(1), descriptor(2, { urls: ["https://elsewhere.example/l"] })] });
  const message = /^x keeps layer 2 of 2 outside of its registry, on elsewhere\.example \(a foreign layer\)$/;
  fails(() => parseManifest(bytes(foreign), "x"), "image/unsupported", message);
  const odd = manifest({ layers: [descriptor(2, { urls: ["\u001b[31m"] })] });
  fails(() => parseManifest(bytes(odd), "x"), "image/unsupported", /on an address that cannot be read/);
});

test("29: malformed documents, too many bytes, and a number of layers that does not match", () => {
  fails(() => parseManifest(Buffer.from("<html>"), "x"), "image/damaged", /not a JSON object/);
  fails(() => parseManifest(Buffer.from("[]"), "x"), "image/damaged", /not a JSON object/);
  const odd = manifest({ layers: [{ digest: "md5:1", size: 1 }] });
  fails(() => parseManifest(bytes(odd), "x"), "image/damaged", /layers\.0\.digest/);
  const huge = manifest({ layers: Array.from({ length: 3 }, (_, n) => descriptor(n, { size: 50 * 1024 ** 3 })) });
  fails(() => parseManifest(bytes(huge), "x"), "image/too-large", /limit/);
  const config = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [digest(1)] } };
  assert.deepEqual(parseConfig(bytes(config), 1, "x").diffIds, [digest(1)]);
  fails(() => parseConfig(bytes(config), 2, "x"), "image/damaged", /lists 2 of its layers .* and 1 in the config/);
  fails(() => parseConfig(bytes({ ...config, architecture: "arm64" }), 1, "x"), "image/wrong-platform", /linux\/arm64/);
});
