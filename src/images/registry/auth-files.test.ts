import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Problem } from "../../api/problems.ts";
import { readCredentials } from "./auth-files.ts";

const auth = (text: string) => ({ auth: Buffer.from(text).toString("base64") });

test("35: the files of Docker and Podman, the nearest entry of the nearest file first", async t => {
  const directory = await mkdtemp(join(tmpdir(), "labyard-auth-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const docker = join(directory, "config.json");
  const podman = join(directory, "auth.json");
  const env = { DOCKER_CONFIG: directory, REGISTRY_AUTH_FILE: podman };
  const find = async (registry: string, repository = "a/b") =>
    (await readCredentials(registry, repository, [], env))?.username;

  assert.equal(await find("r.example"), undefined);
  await writeFile(
    docker,
    JSON.stringify({
      auths: {
        "https://index.docker.io/v1/": auth("hub:pw:with:colons"),
        "r.example": auth("docker:pw"),
        "https://old.example/v2/": auth("old:pw"),
        "token.example": { ...auth("me:"), identitytoken: "t" },
        "empty.example": {},
      },
    }),
  );
  assert.equal(await find("r.example"), "docker");
  assert.equal(await find("old.example"), "old");
  assert.equal(await find("empty.example"), undefined);
  assert.equal(await find("other.example"), undefined);
  assert.deepEqual(await readCredentials("docker.io", "library/x", [], env), {
    username: "hub",
    password: "pw:with:colons",
  });
  assert.equal((await readCredentials("token.example", "x", [], env))?.identityToken, "t");

  await writeFile(podman, JSON.stringify({ auths: { "r.example": auth("all:pw"), "r.example/a": auth("part:pw") } }));
  assert.equal(await find("r.example", "a/b"), "part");
  assert.equal(await find("r.example", "c/b"), "all");
  assert.equal(await find("docker.io"), "hub");
  const own = join(directory, "own.json");
  await writeFile(own, JSON.stringify({ auths: { "r.example": auth("own:pw") } }));
  assert.equal((await readCredentials("r.example", "a/b", [own], env))?.username, "own");

  await writeFile(podman, '{"auths": {"r.example": {"auth": "c2VjcmV0"');
  await assert.rejects(find("r.example"), (error: Problem) => {
    assert.equal(error.code, "image/credentials-unusable");
    assert.doesNotMatch(error.message, /c2Vj/);
    return true;
  });
});
