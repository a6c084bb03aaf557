import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Problem, ProblemCode } from "../../src/api/problems.ts";
import { hexOf } from "../../src/images/digest.ts";
import { blobsDirectory, partialBlobsDirectory } from "../../src/store/paths.ts";
import { imageHome } from "../fixtures/image-home.ts";
import { bootableMembers, buildImage } from "../fixtures/oci-image.ts";
import { type Script, startScriptedRegistry } from "../fixtures/scripted-registry.ts";

const image = buildImage([bootableMembers(), [{ name: "payload", content: randomBytes(600_000) }]]);
const large = image.layers[1] as (typeof image.layers)[number];
const isLarge = (path: string) => path.includes(large.digest);
const authorizations = (requests: ReadonlyArray<{ headers: { authorization?: string | undefined } }>) => [
  ...new Set(requests.map(({ headers }) => headers.authorization).filter(value => value !== undefined)),
];

async function failsWith(work: Promise<unknown>, code: ProblemCode, message: RegExp): Promise<void> {
  await assert.rejects(work, (error: Problem) => {
    assert.equal(error.code, code, error.stack);
    assert.match(error.message, message);
    return true;
  });
}

/** Wants `Bearer good` and sends clients to its own /token, which `answer` serves. */
function tokenServer(answer: (method: string, url: URL, body: string) => { status: number; json?: object }): Script {
  return ({ incoming, response, url, body }) => {
    if (url.pathname === "/token") {
      const { status, json } = answer(incoming.method ?? "", url, body);
      response.writeHead(status).end(JSON.stringify(json ?? {}));
      return true;
    }
    if (incoming.headers.authorization === "Bearer good") return false;
    const challenge = `Bearer realm="http://${incoming.headers.host}/token",service="here"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return true;
  };
}

describe("35: stored logins", () => {
  test("an identity token of Docker's file is exchanged by POST, by GET where POST is not known", async () => {
    for (const knowsPost of [true, false]) {
      const seen: string[] = [];
      await using registry = await startScriptedRegistry(
        image,
        tokenServer((method, url, body) => {
          seen.push(method);
          if (method === "POST" && !knowsPost) return { status: 405 };
          const form = new URLSearchParams(method === "POST" ? body : url.search);
          assert.equal(form.get("service"), "here");
          assert.equal(form.get("scope"), "repository:lab/root:pull");
          if (method === "POST") {
            assert.equal(form.get("grant_type"), "refresh_token");
            assert.equal(form.get("refresh_token"), "refresh-me");
          }
          return { status: 200, json: { access_token: "good" } };
        }),
      );
      await using home = await imageHome({}, { DOCKER_CONFIG: "" });
      await writeFile(
        join(home.paths.home, "config.json"),
        JSON.stringify({ auths: { [`http://${registry.host}/v2/`]: { identitytoken: "refresh-me" } } }),
      );
      await using loggedIn = await imageHome({}, { DOCKER_CONFIG: home.paths.home });
      assert.equal(await loggedIn.pull(`${registry.host}/lab/root:v1`), image.manifestDigest);
      assert.deepEqual(seen, knowsPost ? ["POST"] : ["POST", "GET"]);
    }
  });

  test("a credential helper is asked once, and a helper that fails is named", async () => {
    await using registry = await startScriptedRegistry(image, ({ incoming, response }) => {
      if (incoming.headers.authorization === `Basic ${Buffer.from("me:pass").toString("base64")}`) return false;
      response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
      return true;
    });
    await using files = await imageHome();
    const bin = join(files.paths.home, "bin");
    await mkdir(bin);
    const helper = join(bin, "docker-credential-mine");
    const asked = join(bin, "asked");
    await writeFile(helper, `#!/bin/sh\ncat >> ${asked}\necho '{"Username":"me","Secret":"pass"}'\n`);
    await chmod(helper, 0o755);
    const config = join(files.paths.home, "config.json");
    await writeFile(config, JSON.stringify({ credHelpers: { [registry.host]: "mine" } }));
    const env = { PATH: `${bin}:${process.env.PATH}` };
    await using home = await imageHome({ authFiles: [config] }, env);
    assert.equal(await home.pull(`${registry.host}/lab/root:v1`), image.manifestDigest);
    assert.equal(await readFile(asked, "utf8"), registry.host);
    await writeFile(config, JSON.stringify({ credsStore: "gone" }));
    await using other = await imageHome({ authFiles: [config] }, env);
    await failsWith(
      other.pull(`${registry.host}/lab/root:v1`),
      "image/credentials-unusable",
      /docker-credential-gone gives no credentials/,
    );
  });
});

describe("36: where a registry may send its clients", () => {
  test("not to addresses that are less public than its own", async () => {
    const targets = ["https://169.254.169.254/latest", "https://[fe80::1]/x", "https://0.0.0.0/x"];
    for (const target of targets) {
      await using registry = await startScriptedRegistry(image, ({ response, url }) => {
        if (!isLarge(url.pathname)) return false;
        response.writeHead(307, { location: target }).end();
        return true;
      });
      await using home = await imageHome();
      await failsWith(home.pull(`${registry.host}/lab/root:v1`), "image/registry-failed", /not public/);
    }
    await using registry = await startScriptedRegistry(image, ({ response }) => {
      response.writeHead(401, { "www-authenticate": 'Bearer realm="https://169.254.169.254/token"' }).end();
      return true;
    });
    await using home = await imageHome();
    await failsWith(
      home.pull(`${registry.host}/lab/root:v1`),
      "image/registry-failed",
      /169\.254\.169\.254.*not public/,
    );
  });

  test("nor may an image itself name such an address", async () => {
    await using home = await imageHome();
    for (const host of ["169.254.169.254", "0.0.0.0:5000", "[fe80::1]"]) {
      await failsWith(
        home.pull(`${host}/lab/root:v1`),
        "image/registry-failed",
        /not an address that a registry may have/,
      );
    }
  });

  test("a signed address that has expired is asked for again at the original one", async () => {
    let signed = 0;
    await using registry = await startScriptedRegistry(image, ({ incoming, response, url }) => {
      if (!isLarge(url.pathname)) return false;
      if (url.searchParams.get("signature") === null) {
        signed++;
        const location = `http://${incoming.headers.host}${url.pathname}?signature=${signed}`;
        response.writeHead(307, { location }).end();
        return true;
      }
      if (url.searchParams.get("signature") !== "1") return false;
      response.writeHead(403).end();
      return true;
    });
    await using home = await imageHome();
    await home.pull(`${registry.host}/lab/root:v1`);
    assert.equal(signed, 2);
  });
});

describe("37: limits", () => {
  test("what is left of the pulls is shown, and a used-up quota told from too much haste", async () => {
    await using registry = await startScriptedRegistry(image, ({ response }) => {
      response.setHeader("ratelimit-limit", "100;w=21600");
      response.setHeader("ratelimit-remaining", "76;w=21600");
      return false;
    });
    await using home = await imageHome();
    await home.pull(`${registry.host}/lab/root:v1`);
    assert.ok(
      home.progress.some(({ message }) => message.endsWith("allows 76 more of 100 pulls in 6 h")),
      home.progress.map(({ message }) => message).join("\n"),
    );
    // What comes encoded would not have the digest that was promised.
    assert.ok(registry.requests.every(({ headers }) => headers["accept-encoding"] === "identity"));
    const refusal = { errors: [{ code: "TOOMANYREQUESTS", message: "You have reached your pull rate limit." }] };
    registry.script = ({ response }) => {
      response.writeHead(429, { "retry-after": "7200" }).end(JSON.stringify(refusal));
      return true;
    };
    await using other = await imageHome();
    await failsWith(other.pull(`${registry.host}/lab/root:v1`), "image/rate-limited", /used up.*wait 7200 s/);
    registry.script = ({ response }) => {
      response.writeHead(429, { "retry-after": "7200" }).end("Too Many Requests");
      return true;
    };
    await failsWith(other.pull(`${registry.host}/lab/root:v1`), "image/rate-limited", /limits pulls of/);
  });
});

describe("38: mirrors", () => {
  test("are asked in order with ?ns=, each with its own login; the registry has the last word", async () => {
    const wantsLogin =
      (user: string): Script =>
      ({ incoming, response }) => {
        if (incoming.headers.authorization === `Basic ${Buffer.from(`${user}:pw`).toString("base64")}`) return false;
        response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
        return true;
      };
    await using upstream = await startScriptedRegistry(image, wantsLogin("up"));
    await using empty = await startScriptedRegistry(image, ({ response }) => {
      response.writeHead(404).end();
      return true;
    });
    await using mirror = await startScriptedRegistry(image, wantsLogin("mirror"));
    await using files = await imageHome();
    const auth = (user: string) => ({ auth: Buffer.from(`${user}:pw`).toString("base64") });
    const config = join(files.paths.home, "auth.json");
    await writeFile(config, JSON.stringify({ auths: { [upstream.host]: auth("up"), [mirror.host]: auth("mirror") } }));
    const registries = { [upstream.host]: { mirrors: [`${empty.host}/proxy`, mirror.host] } };
    await using home = await imageHome({ authFiles: [config], registries });
    await home.pull(`${upstream.host}/lab/root:v1`);
    assert.equal(upstream.requests.length, 0);
    assert.ok(
      empty.requests[0]?.path.startsWith("/v2/proxy/lab/root/manifests/v1?ns=127.0.0.1"),
      empty.requests[0]?.path,
    );
    assert.ok(mirror.requests.every(({ path }) => path.includes(`?ns=${encodeURIComponent(upstream.host)}`)));
    assert.deepEqual(authorizations(mirror.requests), [`Basic ${Buffer.from("mirror:pw").toString("base64")}`]);
    assert.deepEqual(authorizations(empty.requests), []);

    // A mirror that lies, and one that is away, cost time but nothing else.
    mirror.script = ({ response, url }) => {
      if (!isLarge(url.pathname)) return false;
      response.end(Buffer.alloc(large.size, 7));
      return true;
    };
    await using second = await imageHome({ authFiles: [config], registries });
    await second.pull(`${upstream.host}/lab/root:v1`);
    assert.deepEqual(
      upstream.requests.filter(({ headers }) => headers.authorization !== undefined).map(({ path }) => isLarge(path)),
      [true],
    );
    assert.deepEqual(authorizations(upstream.requests), [`Basic ${Buffer.from("up:pw").toString("base64")}`]);
  });

  test("when nobody has it, the registry's own answer is told", async () => {
    await using upstream = await startScriptedRegistry(image, ({ response }) => {
      response.writeHead(403).end();
      return true;
    });
    const registries = { [upstream.host]: { mirrors: ["127.0.0.1:1"] } };
    await using home = await imageHome({ registries });
    await failsWith(home.pull(`${upstream.host}/lab/root:v1`), "image/denied-or-missing", /status 403/);
  });
});

describe("39: a download that an earlier process began", () => {
  async function continueFrom(begun: Buffer, script?: Script) {
    await using registry = await startScriptedRegistry(image, script);
    await using home = await imageHome();
    await mkdir(partialBlobsDirectory(home.paths), { recursive: true });
    await writeFile(join(partialBlobsDirectory(home.paths), `${hexOf(large.digest)}.part`), begun);
    await home.pull(`${registry.host}/lab/root:v1`);
    assert.deepEqual(await readdir(partialBlobsDirectory(home.paths)), []);
    assert.ok((await readdir(blobsDirectory(home.paths))).includes(hexOf(large.diffId)));
    return registry.requests.filter(({ path }) => isLarge(path)).map(({ headers }) => headers.range);
  }
  const bytes = image.blobs.get(large.digest) as Buffer;

  test("206 goes on behind it, and what is complete is not asked for", async () => {
    assert.deepEqual(await continueFrom(bytes.subarray(0, 1000)), ["bytes=1000-"]);
    assert.deepEqual(await continueFrom(bytes), []);
  });

  test("200 begins again, 416 and a wrong range too", async () => {
    const ignoresRanges: Script = ({ incoming }) => void delete incoming.headers.range;
    assert.deepEqual(await continueFrom(bytes.subarray(0, 1000), ignoresRanges), [undefined]);
    const refuses: Script = ({ incoming, response, url }) => {
      if (!isLarge(url.pathname) || incoming.headers.range === undefined) return false;
      response.writeHead(416).end();
      return true;
    };
    assert.deepEqual(await continueFrom(bytes.subarray(0, 1000), refuses), ["bytes=1000-", undefined]);
    const answersOther: Script = ({ incoming, response, url }) => {
      if (!isLarge(url.pathname) || incoming.headers.range === undefined) return false;
      response.writeHead(206, { "content-range": `bytes 0-9/${bytes.length}` }).end(bytes.subarray(0, 10));
      return true;
    };
    assert.deepEqual(await continueFrom(bytes.subarray(0, 1000), answersOther), ["bytes=1000-", undefined]);
  });

  test("what is not the beginning of the blob is thrown away", async () => {
    assert.deepEqual(await continueFrom(Buffer.alloc(1000, 1)), ["bytes=1000-", undefined]);
    assert.deepEqual(await continueFrom(Buffer.alloc(bytes.length + 5, 1)), [undefined]);
  });
});
