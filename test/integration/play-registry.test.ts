import assert from "node:assert/strict";
import { access, readdir } from "node:fs/promises";

import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { currentState } from "../../src/api/play-state.ts";
import type { Plan } from "../../src/plan/plan.ts";
import {
  authorityFiles,
  planFile,
  registryDirectory,
  registryIdentityFile,
  resolvePaths,
} from "../../src/store/paths.ts";
import type { RegistryIdentity } from "../../src/playground/registry-identity.ts";
import { readRecord } from "../../src/store/play-records.ts";
import { pushDerivedImage } from "../fixtures/derived-image.ts";
import { guestFacts, guestSays } from "../fixtures/guest-exec.ts";
import { assertNothingLeft, findRole, killRole, networkNamespaces } from "../fixtures/leftovers.ts";
import { bootMs, patient } from "../fixtures/patience.ts";
import { beginPlay, createPlayground, isReady, untilIn, untilState } from "../fixtures/play.ts";
import { startRegistry, type TestRegistry } from "../fixtures/registry.ts";
import { type RealServer, startServer } from "../fixtures/server.ts";

// Real clients without any configuration: what one machine pushes the other pulls, and nobody else.

const registry = "registry.iximiuz.com";
const alias = "registry.lab.example";
const clients = ["docker.io", "podman", "busybox-static", "openssl"];
const toolMs = patient(300_000);

let images: TestRegistry;
let server: RealServer;
let playId: string;
/** Another play, without a login. */
let otherId: string;

before(
  async () => {
    images = await startRegistry();
    const source = await pushDerivedImage(resolvePaths(process.env, 0), images.host, "container-clients", clients);
    server = await startServer({ config: `registry: {aliases: [${alias}]}\n` });
    const playground = await createPlayground(server, "registry", text => text.replaceAll("container-clients", source));
    [playId, otherId] = await Promise.all([
      beginPlay(server, playground),
      beginPlay(server, await createPlayground(server, "small")),
    ]);
    for (const id of [playId, otherId]) await untilState(server, id, "ready", isReady, bootMs * 2);
  },
  { timeout: patient(900_000) },
);
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await images?.[Symbol.asyncDispose]();
});

const hub = (command: string) => guestSays(server.client, playId, { machine: "hub", command, timeoutMs: toolMs });
const edge = (command: string) => guestSays(server.client, playId, { machine: "edge", command, timeoutMs: toolMs });
/** The status of each request, in one process: what takes long in an emulated machine is to start curl. */
const statuses = (...requests: string[]) => {
  const each = requests.map(request => `--silent --output /dev/null --write-out '%{http_code} ' ${request}`);
  return `curl ${each.join(" --next ")}`;
};
const login = "--user someone:s3:cret";

test("the registry runs where it has a login to ask for, and nowhere else before it is used", async () => {
  const deadline = Date.now() + patient(30_000);
  while ((await findRole(playId, "registry")) === undefined) assert.ok(Date.now() < deadline, "no registry");
  assert.equal(await findRole(otherId, "registry"), undefined);
  await assert.rejects(access(registryDirectory(server.paths, otherId)));
});

test("every machine knows its name and trusts it, the private one too", async () => {
  const { address } = ((await readRecord<Plan>(planFile(server.paths, playId))) as Plan).registry;
  const look = async (machine: string) => {
    const facts = await guestFacts(
      server.client,
      playId,
      { machine, timeoutMs: toolMs },
      {
        hosts: `getent ahostsv4 ${registry} | head -n 1 | cut -d ' ' -f 1`,
        alias: `getent ahostsv4 ${alias} | head -n 1 | cut -d ' ' -f 1`,
        asked: `sed -i '/${registry}/d' /etc/hosts && getent ahostsv4 ${registry} | head -n 1 | cut -d ' ' -f 1`,
        statuses: statuses(
          `https://${registry}/v2/`,
          `--user someone:s3 https://${registry}/v2/`,
          `${login} https://${registry}/v2/`,
          `${login} https://${alias}/v2/`,
        ),
        openssl: `openssl s_client -brief -verify_return_error -no-CAfile -connect ${registry}:443 </dev/null 2>&1 | grep Verification`,
        plain: `curl --silent --max-time 5 http://${registry}/v2/ || echo closed`,
      },
    );
    assert.deepEqual(facts, {
      hosts: address,
      alias: address,
      asked: address,
      statuses: "401 401 200 200",
      openssl: "Verification: OK",
      plain: "closed",
    });
  };
  await Promise.all(["hub", "edge"].map(look));
});

test("Docker pushes on one machine, Podman pulls and runs on the private one", async () => {
  await hub(`mkdir -p /tmp/tool/bin && cp /bin/busybox /tmp/tool/bin/ && ln -s busybox /tmp/tool/bin/sh
    head -c 2000000 /dev/urandom >/tmp/tool/ballast
    tar -C /tmp/tool -c . | docker import - ${registry}/team/tool:1
    sha256sum </tmp/tool/ballast >/root/sum`);
  const refused = await hub(
    `docker push ${registry}/team/tool:1 2>&1 || :; echo s3:wrong | docker login -u someone --password-stdin ${registry} 2>&1 || :`,
  );
  assert.match(refused, /no basic auth credentials/);
  assert.match(refused, /unauthorized/i);
  await hub(
    `echo s3:cret | docker login -u someone --password-stdin ${registry} && docker push ${registry}/team/tool:1`,
  );

  await assert.rejects(edge(`podman pull ${registry}/team/tool:1`), /unauthorized|authentication required/i);
  await edge(
    `echo s3:cret | podman login -u someone --password-stdin ${registry} && podman pull ${registry}/team/tool:1`,
  );
  const sum = await edge(`podman run --rm --network none ${registry}/team/tool:1 /bin/busybox sha256sum /ballast`);
  assert.equal(sum.split(" ")[0], (await hub("cat /root/sum")).split(" ")[0]);
});

test("Podman pushes on the private machine, containerd pulls on the other", async () => {
  await edge(`podman tag ${registry}/team/tool:1 ${alias}/team/back:1
    echo s3:cret | podman login -u someone --password-stdin ${alias} && podman push ${alias}/team/back:1`);
  const pull = "ctr images pull --user someone:s3:cret";
  await hub(`${pull} --hosts-dir /etc/containerd/certs.d ${registry}/team/back:1 >/dev/null`);
  assert.match(await hub("ctr images list -q"), /registry\.iximiuz\.com\/team\/back:1/);
});

test("a registry that dies is started again", async () => {
  const before = await findRole(playId, "registry");
  await killRole(playId, "registry");
  assert.equal(await edge(statuses(`${login} https://${registry}/v2/team/tool/manifests/1`)), "200");
  assert.notEqual(await findRole(playId, "registry"), before);
});

test("nobody else reaches it: another play has its own, the host has none", async () => {
  const other = (command: string) =>
    guestSays(server.client, otherId, { machine: "box", user: "root", command, timeoutMs: toolMs });
  assert.equal(await other(`curl --silent https://${registry}/v2/_catalog`), '{"repositories":[]}');
  assert.notEqual(await findRole(otherId, "registry"), undefined, "used, so it runs");
  const { address } = ((await readRecord<Plan>(planFile(server.paths, playId))) as Plan).registry;
  // Behind some gateways of this host everything answers; only the registry has this certificate.
  const identity = (await readRecord<RegistryIdentity>(registryIdentityFile(server.paths, playId))) as RegistryIdentity;
  const reached = await new Promise<boolean>(resolve => {
    const ca = identity.authority.certificatePem;
    const socket = connect({ host: address, port: 443, servername: registry, ca, timeout: 3000 });
    socket.once("secureConnect", () => resolve(true));
    for (const end of ["error", "timeout", "close"]) socket.once(end, () => resolve(false));
  });
  assert.equal(reached, false);
  const runner = await findRole(playId, "runner");
  const hidden = join("/proc", String(runner), "root", authorityFiles(server.paths).key, "..");
  assert.deepEqual(await readdir(hidden), [], "the authority's key is within reach of the play");
});

test("what was pushed outlives its runner and a stop, and goes with the play", {
  timeout: patient(900_000),
}, async () => {
  const namespaces = await networkNamespaces(playId);
  await killRole(playId, "runner");
  await untilIn(server, playId, "FAILED");
  await assertNothingLeft(server.paths, playId, namespaces);
  await server.client.act(playId, { action: "restart" });
  await untilState(server, playId, "ready again", isReady, bootMs * 2);
  await edge(`podman rmi --force --all
    echo s3:cret | podman login -u someone --password-stdin ${registry} && podman pull ${registry}/team/tool:1`);

  await server.client.act(playId, { action: "stop" });
  const stopped = await untilIn(server, playId, "STOPPED", patient(120_000));
  assert.equal(currentState(stopped), "STOPPED");
  await assertNothingLeft(server.paths, playId, namespaces);
  await access(join(registryDirectory(server.paths, playId), "storage/docker/registry/v2/repositories/team/tool"));
  await server.client.act(playId, { action: "destroy" });
  await untilIn(server, playId, "DESTROYED");
  await assert.rejects(access(registryDirectory(server.paths, playId)), { code: "ENOENT" });
  await assert.rejects(access(registryIdentityFile(server.paths, playId)), { code: "ENOENT" });
});
