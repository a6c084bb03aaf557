import { requestBody, savePlayground } from "../plays.ts";
import { api, type Row, type Stage, type World } from "../row.ts";

interface Person {
  id: string;
  cookie: string;
}

let made: Promise<Person> | undefined;

/** Somebody with an account and the GitHub handle Octo-Cat, who owns nothing. */
function otherPerson({ server }: World): Promise<Person> {
  made ??= (async () => {
    const password = "correct horse battery staple";
    const { user } = await server.client.createUser({ name: "visitor", githubHandle: "Octo-Cat", password });
    const response = await fetch(`${server.url}/api/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.url },
      body: JSON.stringify({ name: "visitor", password }),
    });
    if (!response.ok) throw new Error(`login: ${response.status} ${await response.text()}`);
    return { id: user.id, cookie: response.headers.get("set-cookie")?.split(";")[0] ?? "" };
  })();
  return made;
}

type Who = "its owner" | "another person" | "a stranger";

/** What each of them may do with a playground whose lists all hold this principal alone. */
function principal(written: string, allowed: readonly Who[], principalOf = (_person: Person) => written): Row {
  return api(
    "accessControl: all lists",
    `[${written}]`,
    async world => {
      const { client, url } = world.server;
      const person = await otherPerson(world);
      const list = [principalOf(person)];
      const body = await requestBody("tasks", world);
      const { name } = await client.createPlayground({
        ...body,
        name: "conformance-access",
        base: "flexbox",
        accessControl: { canList: list, canRead: list, canStart: list },
      });
      const asked: Array<[Who, HeadersInit]> = [
        ["another person", { cookie: person.cookie }],
        ["a stranger", {}],
      ];
      const found: Who[] = [];
      const own = await client.getPlayground(name).catch(() => undefined);
      if (own?.userAccess.canRead && own.userAccess.canList && own.userAccess.canStart) found.push("its owner");
      for (const [who, headers] of asked) {
        if ((await fetch(`${url}/api/playgrounds/${name}`, { headers })).ok) found.push(who);
      }
      await client.deletePlayground(name);
      return found.join(", ") || "nobody";
    },
    allowed.join(", ") || "nobody",
  );
}

/** The owner of the run is an administrator, whom only `nobody` keeps out. */
export const access: Stage = {
  title: "Access lists",
  rows: [
    principal("owner", ["its owner"]),
    principal("anyone", ["its owner", "another person", "a stranger"]),
    principal("authenticated", ["its owner", "another person"]),
    principal("user:…", ["its owner", "another person"], ({ id }) => `user:${id}`),
    principal("github:octo-cat", ["its owner", "another person"]),
    principal("github:somebody-else", ["its owner"]),
    principal("has-pack:extras", ["its owner"]),
    principal("nobody", []),
    api(
      "accessControl.canStart",
      "[owner], started by another person who may read it",
      async world => {
        const { cookie } = await otherPerson(world);
        const { url } = world.server;
        const response = await fetch(`${url}/api/plays`, {
          method: "POST",
          headers: { "content-type": "application/json", origin: url, cookie },
          body: JSON.stringify({ playground: await savePlayground("fields", world) }),
        });
        return `${response.status} ${((await response.json()) as { code?: string }).code}`;
      },
      /^403 server\//,
    ),
    api(
      "accessControl.canStart",
      "[authenticated], the other lists [owner]",
      async world => {
        const { client, url } = world.server;
        const { cookie } = await otherPerson(world);
        const accessControl = { canList: ["owner"], canRead: ["owner"], canStart: ["authenticated"] };
        const body = {
          ...(await requestBody("tasks", world)),
          name: "conformance-started",
          base: "flexbox",
          accessControl,
        };
        const { name } = await client.createPlayground(body);
        const response = await fetch(`${url}/api/playgrounds/${name}`, { headers: { cookie } });
        await client.deletePlayground(name);
        return JSON.stringify(((await response.json()) as { userAccess?: object }).userAccess);
      },
      '{"canList":false,"canRead":false,"canStart":true}',
    ),
  ],
};
