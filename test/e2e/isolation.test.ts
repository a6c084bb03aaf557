import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Plan } from "../../src/plan/plan.ts";
import { planFile } from "../../src/store/paths.ts";
import { readRecord } from "../../src/store/play-records.ts";
import { guestFacts, guestSays } from "../fixtures/guest-exec.ts";
import { assertNothingLeft, networkNamespaces } from "../fixtures/leftovers.ts";
import { patient } from "../fixtures/patience.ts";
import { beginPlay, createPlayground, isReady, untilIn, untilState } from "../fixtures/play.ts";
import { type RealServer, startServer } from "../fixtures/server.ts";

// Two plays of one playground at the same time: the same names, the same subnet, the same address.

let server: RealServer;
before(async () => {
  server = await startServer();
});
after(() => server?.[Symbol.asyncDispose]());

test("two plays with the same addresses do not see each other", { timeout: patient(600_000) }, async () => {
  const playground = await createPlayground(server, "small");
  const plays = await Promise.all([beginPlay(server, playground), beginPlay(server, playground)]);
  const plans = await Promise.all(
    plays.map(async playId => {
      await untilState(server, playId, "ready", isReady);
      return (await readRecord<Plan>(planFile(server.paths, playId))) as Plan;
    }),
  );
  const [first, second] = plans.map(plan => plan.machines[0]?.interfaces[0]);
  assert.equal(first?.address, second?.address);
  assert.notEqual(first?.mac, second?.mac);

  // Each serves its own name on the address and the port that the other has too, and on one only it has.
  const root = { machine: "box", user: "root" };
  const extra = ["172.16.0.101", "172.16.0.102"];
  await Promise.all(
    plays.map((playId, index) =>
      guestSays(server.client, playId, {
        ...root,
        command: `ip address add ${extra[index]}/24 dev eth0
          setsid sh -c 'while :; do echo ${playId} | nc -l -N -p 7000; done' >/dev/null 2>&1 </dev/null &
          sleep 1`,
      }),
    ),
  );
  const call = (address: string | undefined) => `timeout 5 nc -w 3 ${address} 7000 </dev/null`;
  const seen = await Promise.all(
    plays.map((playId, index) =>
      guestFacts(server.client, playId, root, {
        own: call(first?.address),
        other: call(extra[1 - index]),
        ping: `ping -c 2 -W 2 ${extra[1 - index]} >/dev/null && echo answered || echo silent`,
      }),
    ),
  );
  for (const [index, facts] of seen.entries()) {
    assert.equal(facts.own, plays[index], "a play was answered by another one");
    assert.equal(facts.other, "");
    assert.equal(facts.ping, "silent");
  }

  // One ends; the other does not notice.
  const namespaces = await networkNamespaces(plays[0]);
  await server.client.act(plays[0], { action: "destroy" });
  await untilIn(server, plays[0], "DESTROYED");
  await assertNothingLeft(server.paths, plays[0], namespaces);
  assert.equal(await guestSays(server.client, plays[1], { ...root, command: "hostname" }), "box");
});
