import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Problem } from "../../src/api/problems.ts";
import { digestOf, hexOf } from "../../src/images/digest.ts";
import { registryAccess } from "../../src/images/registry/access.ts";
import type { Patience } from "../../src/images/registry/stall.ts";
import { baseDrivesDirectory, blobsDirectory, type Paths } from "../../src/store/paths.ts";
import { imageHome } from "../fixtures/image-home.ts";
import { bootableMembers, buildImage } from "../fixtures/oci-image.ts";
import { startScriptedRegistry } from "../fixtures/scripted-registry.ts";

/** Of one layer: another would be cancelled where this one fails, at a time that depends on the host. */
const image = buildImage([[...bootableMembers(), { name: "payload", content: randomBytes(300_000) }]]);
const large = image.layers[0] as (typeof image.layers)[number];
const bytes = image.blobs.get(large.digest) as Buffer;

/** One byte after the other, until the client has had enough. */
function drip(send: (index: number) => void, response: ServerResponse): void {
  let index = 0;
  const timer = setInterval(() => send(index++), 10);
  response.on("close", () => clearInterval(timer));
}

/** No blob but whole ones, and no drive. */
async function assertNothingHalf(paths: Paths): Promise<void> {
  const names = await readdir(blobsDirectory(paths));
  for (const name of names) assert.equal(digestOf(await readFile(join(blobsDirectory(paths), name))), `sha256:${name}`);
  assert.ok(!names.includes(hexOf(large.digest)) && !names.includes(hexOf(large.diffId)));
  assert.deepEqual(await readdir(baseDrivesDirectory(paths)).catch(() => []), []);
}

const misbehaviours: Array<{
  what: string;
  /** Only what the case is about is short, so that no other limit can come first on a slow host. */
  patience: Partial<Patience>;
  reason: RegExp;
  /** Where that does not depend on the host. */
  requests?: number;
  /** Answers a request for the large layer from this byte on. */
  answer: (response: ServerResponse, from: number) => void;
}> = [
  {
    what: "never answers",
    patience: { idleMs: 200 },
    reason: /: no data for 0\.2 s$/,
    requests: 4,
    answer: () => undefined,
  },
  {
    what: "drips its header",
    patience: { answerMs: 200 },
    reason: /: no answer within 0\.2 s$/,
    requests: 4,
    answer(response) {
      response.socket?.write("HTTP/1.1 200 OK\r\nx-slow: ");
      drip(() => response.socket?.write("x"), response);
    },
  },
  {
    what: "falls silent in the middle",
    patience: { idleMs: 200 },
    reason: /: no data for 0\.2 s$/,
    answer(response, from) {
      const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      response.writeHead(from === 0 ? 200 : 206, { "content-length": bytes.length - from, ...(from > 0 ? range : {}) });
      response.write(bytes.subarray(from, from + 1000));
    },
  },
  {
    what: "drips the layer",
    patience: { windowMs: 200, minWindowBytes: 100_000 },
    reason: /: only \d+ bytes in 0\.2 s$/,
    requests: 5,
    answer(response, from) {
      const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      response.writeHead(from === 0 ? 200 : 206, { "content-length": bytes.length - from, ...(from > 0 ? range : {}) });
      drip(index => response.write(bytes.subarray(from + index, from + index + 1)), response);
    },
  },
];

describe("a registry that stalls", { concurrency: true }, () => {
  for (const { what, patience, reason, requests, answer } of misbehaviours) {
    test(`${what}: one error with host and reason; the cache is as it was, and the next pull goes on`, async () => {
      await using registry = await startScriptedRegistry(image, ({ url, response }) => {
        if (!url.pathname.includes(large.digest)) return false;
        response.writeHead(404).end();
        return true;
      });
      await using home = await imageHome();
      const name = `${registry.host}/lab/root@${image.manifestDigest}`;
      // With the documents here, the short limits meet nothing but what is to be judged.
      await assert.rejects(home.pull(name), (error: Problem) => error.code === "image/denied-or-missing");
      registry.requests.length = 0;
      registry.script = ({ incoming, response }) => {
        answer(response, Number(/^bytes=(\d+)-$/.exec(incoming.headers.range ?? "")?.[1] ?? 0));
        return true;
      };
      const impatient = registryAccess({ patience }, {});
      await assert.rejects(home.pull(name, { registries: impatient }), (error: Problem) => {
        assert.equal(error.code, "image/registry-unreachable", error.stack);
        assert.ok(error.message.includes(`${name} cannot be pulled: ${registry.host}: `), error.message);
        assert.match(error.message, reason);
        return true;
      });
      assert.equal(registry.requests.length, requests ?? registry.requests.length);
      assert.ok(registry.requests.every(({ path }) => path.includes(large.digest)));
      await assertNothingHalf(home.paths);

      registry.script = () => false;
      assert.equal(await home.pull(name), image.manifestDigest);
    });
  }
});
