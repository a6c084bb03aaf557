import assert from "node:assert/strict";
import { ends, eventually, matching, says, type Step } from "../step.ts";
import { localSite } from "./tunnels.ts";

interface Play {
  id: string;
  playground: { name: string };
  status: { stateEvents: Array<{ state: string }> };
}

export const exposure: Step[] = [
  {
    id: "E1",
    what: "expose port 8000 --public",
    expected: "an address that everybody reads",
    async run(world) {
      const url = await says(world, ["expose", "port", world.playId, "8000", "--public"]);
      const { status, body } = await world.fetchExposed(`${url.replace(/\/$/, "")}/e`);
      assert.deepEqual([status, body], [200, "site of m1 /e\n"]);
      return new URL(url).hostname;
    },
  },
  {
    id: "E2",
    what: "expose port 8000 --path-rewrite, private",
    expected: "a stranger gets 401",
    async run(world) {
      const url = await says(world, ["expose", "port", world.playId, "8000", "--path-rewrite", "/base"]);
      const { status } = await world.fetchExposed(url);
      assert.equal(status, 401);
      return "401";
    },
  },
  {
    id: "E3",
    what: "expose shell --public",
    expected: "an address of its own with a page",
    async run(world) {
      const url = await says(world, ["expose", "shell", world.playId, "--public"]);
      const { status, body } = await world.fetchExposed(url);
      assert.equal(status, 200, body);
      return matching(new URL(url).hostname, /^[0-9a-f]{24}-[0-9a-f]{6}-shell\./);
    },
  },
  {
    id: "E4",
    what: "expose scan; expose port --scanned",
    expected: "m1 8000 HTTP and nothing of the platform's",
    async run(world) {
      const found = await says(world, ["expose", "scan", world.playId], { timeoutMs: world.changeMs + 60_000 });
      assert.match(found, /^m1\s+8000\s+HTTP$/m);
      assert.doesNotMatch(found, /\b(22|2022)\b/);
      const urls = await says(world, ["expose", "port", world.playId, "--scanned"], { timeoutMs: 120_000 });
      return `${urls.split("\n").length} address`;
    },
  },
  {
    id: "E5",
    what: "expose list; expose remove",
    expected: "ports and the shell listed, then gone",
    async run(world) {
      const list = async (kind: string) =>
        (await says(world, ["expose", "list", world.playId, "--kind", kind])).split("\n").slice(1);
      const ports = await list("port");
      const [shell = ""] = await list("shell");
      assert.match(shell, /laborant@m1/);
      assert.ok(ports.length >= 3, ports.join("\n"));
      for (const line of [ports.at(-1) ?? "", shell]) {
        await ends(world.labctl, ["expose", "remove", world.playId, line.split(/\s+/)[0] ?? ""]);
      }
      assert.deepEqual(await list("shell"), []);
      assert.equal((await list("port")).length, ports.length - 1);
      return `${ports.length} ports, 1 shell`;
    },
  },
  {
    id: "E6",
    what: "expose local ID HOST:PORT --public",
    expected: "this host's site at a public address",
    async run(world) {
      await using site = await localSite("served at home");
      const args = ["expose", "local", world.playId, `127.0.0.1:${site.port}`, "--remote-port", "9100", "--public"];
      const running = world.labctl.start(args);
      try {
        return await eventually(world.changeMs, async () => {
          const url = running.stdout().trim();
          assert.match(url, /^https?:/, running.stderr());
          return matching((await world.fetchExposed(url)).body, /served at home/);
        });
      } finally {
        await running.stop();
      }
    },
  },
  {
    id: "E7",
    what: "expose local HOST:PORT --public",
    expected: "a throw-away play serves this host's site; Ctrl-C destroys it",
    async run(world) {
      await using site = await localSite("served from a throw-away play");
      // Destroyed plays stay listed, those of another client's run before this one too.
      const earlier = new Set((JSON.parse(await says(world, ["api", "/plays"])) as Play[]).map(({ id }) => id));
      const running = world.labctl.start([
        "expose",
        "local",
        `127.0.0.1:${site.port}`,
        "--remote-port",
        "9200",
        "--public",
      ]);
      const plays = async () => {
        const all = JSON.parse(await says(world, ["api", "/plays"])) as Play[];
        return all.filter(({ id, playground }) => playground.name === "alpine" && !earlier.has(id));
      };
      let found: string;
      try {
        found = await eventually(world.bootMs, async () => {
          const url = running.stdout().trim();
          assert.match(url, /^https?:/, running.stderr());
          return matching((await world.fetchExposed(url)).body, /throw-away/);
        });
        assert.equal((await plays()).length, 1);
      } catch (error) {
        // Its play goes with the program, and with it what could explain the failure.
        throw new Error(`${error instanceof Error ? error.message : String(error)}\n${await world.report()}`, {
          cause: error,
        });
      } finally {
        await running.stop();
      }
      await eventually(world.changeMs, async () => {
        const [play] = await plays();
        assert.equal(play?.status.stateEvents.at(-1)?.state, "DESTROYED");
      });
      return found;
    },
  },
];
