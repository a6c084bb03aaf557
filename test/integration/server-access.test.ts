import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessControl } from "../../src/api/contract/playground-spec.ts";
import type { PlaygroundJson } from "../../src/api/contract/playgrounds.ts";
import type { PlayJson } from "../../src/api/contract/plays.ts";
import { updateUser } from "../../src/store/database/users.ts";
import { startTestServer, type TestPerson, type TestServer } from "../fixtures/test-server.ts";

type List = keyof AccessControl;
const lists: List[] = ["canList", "canRead", "canStart"];

/** Ann owns the playground; Bob is another person with a GitHub handle. */
async function setUp(config = "") {
  const server = await startTestServer(config);
  const people: Record<string, TestPerson | undefined> = {
    ann: server.ann,
    bob: server.bob,
    administrator: server.owner,
    stranger: undefined,
  };
  await updateUser(server.database, "bob", { github_handle: "Bob-Dev" });
  for (const name of ["sue", "ina", "dora"]) {
    const { user } = (await ask(server, server.owner, "POST", "/users", { name })).json();
    const { session, secret } = await server.accounts.createSession("client", user.id, { userAgent: "test" });
    people[name] = { id: user.id, authorization: `Basic ${btoa(`${session.id}:${secret}`)}` };
  }
  await ask(server, server.owner, "PUT", "/groups/spring");
  await ask(server, server.owner, "PUT", "/groups/spring/members/sue", { role: "student" });
  await ask(server, server.owner, "PUT", "/groups/spring/members/ina", { role: "instructor" });
  // Dora may use everything that is shared with her, but she is disabled.
  await ask(server, server.owner, "PUT", "/groups/spring/members/dora", { role: "student" });
  await ask(server, server.owner, "PATCH", "/users/dora", { disabled: true });
  return { server, people };
}

let asked = 0;
async function ask(
  server: TestServer,
  as: TestPerson | undefined,
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
) {
  return server.request({
    ...(as === undefined ? {} : { as }),
    // Starts are limited by address as well, and all of these would come from one.
    remoteAddress: `192.0.2.${(asked += 1) % 250}`,
    method,
    url: `/api${path}`,
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
}

async function playgroundWith(server: TestServer, accessControl: AccessControl): Promise<string> {
  const reply = await ask(server, server.ann, "POST", "/playgrounds", {
    name: "shared",
    base: "flexbox",
    title: "A shared lab",
    accessControl,
    registryAuth: "me:secret",
  });
  assert.equal(reply.statusCode, 200, reply.body);
  return reply.json<PlaygroundJson>().name;
}

/** What the routes really let a person do, by list. */
async function rightsOf(server: TestServer, person: TestPerson | undefined, name: string) {
  const community = await ask(server, person, "GET", "/playgrounds?filter=community");
  const own = person === undefined ? undefined : await ask(server, person, "GET", "/playgrounds?filter=my-custom");
  const listed = [community, own].flatMap(reply => (reply?.statusCode === 200 ? reply.json<PlaygroundJson[]>() : []));
  const read = await ask(server, person, "GET", `/playgrounds/${name}?format=extended`);
  const start = await ask(server, person, "POST", "/plays", { playground: name });
  if (start.statusCode === 200) {
    await ask(server, person, "POST", `/plays/${start.json<PlayJson>().id}/actions`, { action: "destroy" });
  }
  return {
    canList: listed.some(playground => playground.name === name),
    canRead: read.statusCode === 200,
    canStart: start.statusCode === 200,
    readStatus: read.statusCode,
    startStatus: start.statusCode,
  };
}

/** Who is let in by each principal. Strangers never start anything; who is disabled is let in nowhere. */
const table: Array<[principals: string[], admitted: string]> = [
  [["owner"], "ann administrator"],
  [["anyone"], "ann bob administrator stranger sue ina"],
  [["authenticated"], "ann bob administrator sue ina"],
  [["user:bob"], "bob administrator"],
  [["github:bob-dev"], "bob administrator"],
  [["student:spring"], "administrator sue"],
  [["student:spring", "instructor"], "administrator sue ina"],
  [["instructor"], "administrator"],
  [["has-pack:all"], "administrator"],
  [["nobody"], ""],
  [["nobody", "anyone"], ""],
];

test("every principal, in every list, for everybody, as the routes enforce it", async () => {
  const { server, people } = await setUp(
    "plays: {maxActivePerUser: 1000}\nrateLimits: {perMinute: 100000, anonymousPerMinute: 100000}",
  );
  await using _server = server;
  const name = await playgroundWith(server, { canList: ["owner"], canRead: ["owner"], canStart: ["owner"] });
  const current = (await ask(server, server.ann, "GET", `/playgrounds/${name}?format=extended`)).json<PlaygroundJson>();
  for (const list of lists) {
    for (const [principals, admitted] of table) {
      const accessControl = { canList: ["nobody"], canRead: ["nobody"], canStart: ["nobody"], [list]: principals };
      const saved = await ask(server, server.ann, "PUT", `/playgrounds/${name}`, { ...current, accessControl });
      assert.equal(saved.statusCode, 200, saved.body);
      for (const [who, person] of Object.entries(people)) {
        const what = `${list} [${principals.join(", ")}] for ${who}`;
        const rights = await rightsOf(server, person, name);
        const isStranger = who === "stranger";
        const expected = admitted.split(" ").includes(who) && !(isStranger && list === "canStart");
        assert.equal(rights[list], expected, what);
        for (const other of lists.filter(each => each !== list))
          assert.equal(rights[other], false, `${what}: ${other}`);
        // Without any right the playground does not exist, except for its owner; with another one it is forbidden.
        if (who === "dora" || isStranger) {
          assert.equal(rights.startStatus, 401, what);
          continue;
        }
        const isKnown = admitted.split(" ").includes(who) || who === "ann";
        const refused = isKnown ? 403 : 404;
        if (!rights.canRead) assert.equal(rights.readStatus, refused, what);
        if (!rights.canStart) assert.equal(rights.startStatus, refused, what);
      }
    }
  }
});

test("who may only start sees the parameters, not how it is made; secrets are for owner and administrators", async () => {
  const { server, people } = await setUp();
  await using _server = server;
  const name = await playgroundWith(server, {
    canList: ["owner"],
    canRead: ["owner", "user:bob"],
    canStart: ["student:spring"],
  });
  const read = async (who: string, query = "") => ask(server, people[who], "GET", `/playgrounds/${name}${query}`);
  assert.equal((await read("sue", "?format=extended")).statusCode, 403);
  const card = (await read("sue")).json<PlaygroundJson>();
  assert.deepEqual(card.userAccess, { canList: false, canRead: false, canStart: true });
  assert.equal(card.initTasks, undefined);
  assert.ok(!(await read("sue")).body.includes("secret"));
  assert.equal((await read("bob", "?format=extended")).json<PlaygroundJson>().registryAuth, "***");
  assert.equal((await read("bob")).statusCode, 200);
  assert.equal((await read("ann", "?format=extended")).json<PlaygroundJson>().registryAuth, "me:secret");
  assert.equal((await read("administrator", "?format=extended")).json<PlaygroundJson>().registryAuth, "me:secret");
  assert.equal((await read("ina", "")).statusCode, 404);
});

test("changing and removing is for owner and administrators, even where nobody may read", async () => {
  const { server, people } = await setUp();
  await using _server = server;
  const name = await playgroundWith(server, {
    canList: ["nobody"],
    canRead: ["user:bob", "owner"],
    canStart: ["nobody"],
  });
  const body = (await ask(server, server.ann, "GET", `/playgrounds/${name}?format=extended`)).json();
  assert.equal((await ask(server, people.bob, "PUT", `/playgrounds/${name}`, body)).statusCode, 403);
  assert.equal((await ask(server, people.sue, "PUT", `/playgrounds/${name}`, body)).statusCode, 404);
  assert.equal((await ask(server, people.sue, "DELETE", `/playgrounds/${name}`)).statusCode, 404);
  assert.equal((await ask(server, people.administrator, "PUT", `/playgrounds/${name}`, body)).statusCode, 200);
  assert.equal((await ask(server, server.ann, "DELETE", `/playgrounds/${name}`)).statusCode, 200);
});

test("a student counts while the group is open, an instructor always, and neither after leaving", async () => {
  const { server, people } = await setUp();
  await using _server = server;
  const name = await playgroundWith(server, {
    canList: ["owner"],
    canRead: ["owner"],
    canStart: ["student:spring", "instructor"],
  });
  const window = async (opensInMs: number, closesInMs: number) => {
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const body = { opensAt: at(opensInMs), closesAt: at(closesInMs) };
    assert.equal((await ask(server, server.owner, "PUT", "/groups/spring", body)).statusCode, 200);
  };
  const statuses = async () =>
    Promise.all(
      ["sue", "ina"].map(async who => (await ask(server, people[who], "GET", `/playgrounds/${name}`)).statusCode),
    );
  const hourMs = 3_600_000;
  await window(hourMs, 2 * hourMs);
  assert.deepEqual(await statuses(), [404, 200]);
  server.advance(1.5 * hourMs);
  assert.deepEqual(await statuses(), [200, 200]);
  server.advance(hourMs);
  assert.deepEqual(await statuses(), [404, 200]);
  assert.equal((await ask(server, server.owner, "DELETE", "/groups/spring/members/ina")).statusCode, 200);
  assert.deepEqual(await statuses(), [404, 404]);
  assert.equal(
    (
      await ask(server, server.owner, "PUT", "/groups/x", {
        opensAt: "2030-01-02T00:00:00Z",
        closesAt: "2030-01-01T00:00:00Z",
      })
    ).statusCode,
    400,
  );
});

test("an unknown group is warned of when the playground is saved", async () => {
  const { server } = await setUp();
  await using _server = server;
  const save = async (principal: string) =>
    (
      await ask(server, server.ann, "POST", "/playgrounds", {
        name: "shared",
        base: "flexbox",
        title: "A shared lab",
        accessControl: { canList: ["owner"], canRead: ["owner"], canStart: [principal] },
      })
    ).json<PlaygroundJson>().warnings;
  assert.match(
    JSON.stringify(await save("student:autumn")),
    /matches nobody here: this installation has no such group/,
  );
  assert.ok(!JSON.stringify(await save("student:spring")).includes("matches nobody"));
});

test("a closed installation shows strangers nothing", async () => {
  const { server, people } = await setUp("anyoneMeans: authenticated");
  await using _server = server;
  assert.deepEqual((await ask(server, undefined, "GET", "/playgrounds")).json(), []);
  assert.equal((await ask(server, undefined, "GET", "/playgrounds/flexbox")).statusCode, 404);
  assert.equal((await ask(server, people.bob, "GET", "/playgrounds/flexbox")).statusCode, 200);
});

test("a play belongs to who started it: its playground's author does not get in, an administrator does", async () => {
  const { server, people } = await setUp();
  await using _server = server;
  const name = await playgroundWith(server, { canList: ["anyone"], canRead: ["anyone"], canStart: ["anyone"] });
  const play = (await ask(server, people.bob, "POST", "/plays", { playground: name })).json<PlayJson>();
  server.plays.becomeReady(play.id);
  const routes: Array<["GET" | "POST", string, object?]> = [
    ["GET", ""],
    ["GET", "/state"],
    ["GET", "/tasks"],
    ["GET", "/ports"],
    ["GET", "/shells"],
    ["GET", "/terminals"],
    ["POST", "/conns"],
    ["POST", "/journals", {}],
    ["POST", "/exec", { machine: "machine-01", command: "id" }],
    ["POST", "/terminals", { machine: "machine-01", cols: 80, rows: 24 }],
    ["POST", "/actions", { action: "machine.console.read", machine: "machine-01", console: "serial" }],
    ["POST", "/actions", { action: "stop" }],
  ];
  for (const [method, path, body] of routes) {
    const url = `/plays/${play.id}${path}`;
    for (const who of ["ann", "sue"]) {
      assert.equal((await ask(server, people[who], method, url, body)).statusCode, 404, `${method} ${path} for ${who}`);
    }
    assert.equal((await ask(server, undefined, method, url, body)).statusCode, 401, `${method} ${path}`);
    assert.equal((await ask(server, people.dora, method, url, body)).statusCode, 401, `${method} ${path}`);
    assert.equal((await ask(server, people.administrator, method, url, body)).statusCode, 200, `${method} ${path}`);
  }
  assert.deepEqual((await ask(server, people.ann, "GET", "/plays")).json(), []);
});
