import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ends, eventually, matching, says, type Step } from "../step.ts";

const configOf = (home: string) => readFile(join(home, ".iximiuz/labctl/config.yaml"), "utf8");

export const login: Step[] = [
  {
    id: "A1",
    what: "auth login -s -t",
    expected: "Authenticated, the endpoint kept twice, a key pair made",
    async run({ labctl, endpoint, home, sessionId, accessToken }) {
      const args = ["--endpoint", endpoint, "auth", "login", "-s", sessionId, "-t", accessToken];
      const { stderr } = await ends(labctl, args);
      const config = await configOf(home);
      assert.equal(config.split(endpoint).length - 1, 2, config);
      assert.equal((await stat(join(home, ".ssh/iximiuz_labs_user"))).mode & 0o777, 0o600);
      return matching(stderr, /Authenticated\./);
    },
  },
  {
    id: "A2",
    what: "auth login (browser, approved out of band)",
    expected: "Authenticated with a session of its own",
    async run({ labctl, endpoint, approve, sessionId }) {
      const home = await mkdtemp(join(tmpdir(), "labyard-labctl-"));
      try {
        // Not found: the address is printed instead of opened.
        const running = labctl.start(["--endpoint", endpoint, "auth", "login"], { home, env: { PATH: "/nowhere" } });
        const [, waiting = ""] = await eventually(20_000, async () => {
          const found = /https?:\/\/\S*[?&]session=([0-9a-f]+)/.exec(running.stderr());
          assert.ok(found, running.stderr());
          return found;
        });
        await approve(waiting);
        assert.equal((await running.ended).exitCode, 0, running.stderr());
        const config = await configOf(home);
        assert.notEqual(waiting, sessionId);
        return matching(config, new RegExp(`session_id: "?${waiting}`));
      } finally {
        await rm(home, { recursive: true });
      }
    },
  },
  {
    id: "A3",
    what: "auth whoami; auth token -q",
    expected: "YAML that begins with userId; one line with a token",
    async run(world) {
      const user = matching(await says(world, ["auth", "whoami"]), /^userId: \S+/);
      assert.match(await says(world, ["auth", "token", "-q"]), /^\S{20,}$/);
      return user;
    },
  },
  {
    id: "A4",
    what: "with a wrong token: auth whoami, playground list",
    expected: "a hint with exit 0; exit 1 and 'authentication required'",
    async run({ labctl, sessionId }) {
      const env = { IXIMIUZ_SESSION_ID: sessionId, IXIMIUZ_ACCESS_TOKEN: "wrong" };
      await ends(labctl, ["auth", "whoami"], { env });
      const { stderr } = await ends(labctl, ["playground", "list"], { env, exitCode: 1 });
      return matching(stderr, /authentication required/);
    },
  },
  {
    id: "A5",
    what: "playground region eu; playground region; auth signin-url",
    expected: "eu, and it is kept; an address that signs a browser in",
    async run(world) {
      assert.equal(await says(world, ["playground", "region", "eu"]), "eu");
      assert.equal(await says(world, ["playground", "region"]), "eu");
      const url = new URL(await says(world, ["auth", "signin-url"]));
      assert.match(url.href, /[?&]\w+=[\w-]{16,}/);
      return `eu, ${url.pathname}`;
    },
  },
];

export const logout: Step[] = [
  {
    id: "F9",
    what: "auth logout",
    expected: "exit 0, the key pair gone, then not logged in any more",
    async run({ labctl, home, sessionId, accessToken }) {
      await ends(labctl, ["auth", "logout"]);
      await assert.rejects(stat(join(home, ".ssh/iximiuz_labs_user")));
      const env = { IXIMIUZ_SESSION_ID: sessionId, IXIMIUZ_ACCESS_TOKEN: accessToken };
      const { stderr } = await ends(labctl, ["playground", "list"], { env, exitCode: 1 });
      return matching(stderr, /authentication required/);
    },
  },
];
