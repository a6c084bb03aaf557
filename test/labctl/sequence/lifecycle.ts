import assert from "node:assert/strict";
import { ends, eventually, matching, says, type Step, type World } from "../step.ts";

const stateOf = async (world: World) =>
  JSON.parse(await says(world, ["playground", "status", world.playId, "-o", "json"])) as {
    state: string;
    machines: Array<{ state: string; ready: boolean }>;
  };

async function before<T>(timeoutMs: number, what: Promise<T>, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), timeoutMs);
  });
  try {
    return await Promise.race([what, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Forgets every saved forward but one to the machine's site, and returns its local port: others of this sequence want
 * ports that are taken.
 */
async function keepForwardToSite({ labctl, playId }: World): Promise<string> {
  const site = /^ *\[\d+\] m1 \(local\): 127\.0\.0\.1:(\d+) -> 8000$/m;
  for (;;) {
    const { stderr } = await ends(labctl, ["port-forward", playId, "--list"]);
    const kept = site.exec(stderr);
    assert.ok(kept, stderr);
    const other = stderr.split("\n").find(line => /\[\d+\]/.test(line) && line !== kept[0]);
    if (other === undefined) return kept[1] ?? "";
    await ends(labctl, ["port-forward", playId, "--remove", /\[(\d+)\]/.exec(other)?.[1] ?? ""]);
  }
}

export const lifecycle: Step[] = [
  {
    id: "F1",
    what: "playground machine console; machine journal -n 5 --until now",
    expected: "the boot's last lines; lines of systemd's journal",
    async run(world) {
      const console = await says(world, ["playground", "machine", "console", world.playId, "m1"]);
      assert.match(console, /^===== \S+ =====\n/);
      const args = ["playground", "machine", "journal", world.playId, "m1", "-n", "5", "--until", "now"];
      return await eventually(world.changeMs, async () => {
        const journal = await says(world, args);
        assert.ok(journal.split("\n").length >= 5, journal);
        return matching(journal, /m1 \S+/);
      });
    },
  },
  {
    id: "F2",
    what: "playground machine journal -u site, followed",
    expected: "what the unit says while it is read",
    async run({ labctl, playId, changeMs }) {
      const running = labctl.start(["playground", "machine", "journal", playId, "m1", "-u", "site", "-n", "20"]);
      try {
        return await eventually(changeMs, async () => matching(running.stdout(), /Started .*site/));
      } finally {
        await running.stop();
      }
    },
  },
  {
    id: "F3",
    what: "playground machine reboot m1",
    expected: "not ready, then ready again",
    async run(world) {
      await ends(world.labctl, ["playground", "machine", "reboot", world.playId, "m1"]);
      await eventually(world.changeMs, async () => assert.equal((await stateOf(world)).machines[0]?.ready, false));
      await eventually(world.bootMs, async () => assert.equal((await stateOf(world)).machines[0]?.ready, true));
      return "ready again";
    },
  },
  {
    id: "F3a",
    what: "ssh while its machine is killed; playground machine restart m1",
    expected: "the ssh ends with an error; the machine is ready again",
    async run(world) {
      const session = world.labctl.start(["ssh", world.playId, "--", "echo begun; sleep 600"]);
      await eventually(world.bootMs, async () => assert.match(session.stdout(), /begun/, session.stderr()));
      await world.killMachine(world.playId);
      const killedAt = Date.now();
      // The machine said nothing any more: only the server can have ended it.
      const { exitCode } = await before(world.changeMs, session.ended, "the ssh to a killed machine goes on");
      assert.notEqual(exitCode, 0);
      const seconds = ((Date.now() - killedAt) / 1000).toFixed(1);
      await eventually(world.changeMs, async () => assert.equal((await stateOf(world)).machines[0]?.state, "STOPPED"));
      await ends(world.labctl, ["playground", "machine", "restart", world.playId, "m1"]);
      await eventually(world.bootMs, async () => assert.equal((await stateOf(world)).machines[0]?.ready, true));
      return `ended after ${seconds} s with exit code ${exitCode}`;
    },
  },
  {
    id: "F4",
    what: "playground persist; list",
    expected: "still listed, now as persistent",
    async run(world) {
      await ends(world.labctl, ["playground", "persist", world.playId]);
      const plays = JSON.parse(await says(world, ["api", "/plays?persistent=true"])) as Array<{ id: string }>;
      assert.ok(plays.some(({ id }) => id === world.playId));
      return matching(await says(world, ["playground", "list", "-q"]), new RegExp(`^${world.playId}$`, "m"));
    },
  },
  {
    id: "F5",
    what: "playground stop -q under a running ssh; playground status",
    expected: "STOPPED, still listed; the ssh has ended with an error",
    async run(world) {
      const session = world.labctl.start(["ssh", world.playId, "--", "echo begun; sleep 600"]);
      // The first login since the reboot.
      await eventually(world.bootMs, async () => assert.match(session.stdout(), /begun/, session.stderr()));
      await ends(world.labctl, ["playground", "stop", world.playId, "-q"], { timeoutMs: world.changeMs + 60_000 });
      assert.equal((await stateOf(world)).state, "STOPPED");
      const console = await says(world, ["playground", "machine", "console", world.playId, "m1"]);
      assert.ok(console.length > 100, "the console of a stopped machine can still be read");
      assert.notEqual((await session.ended).exitCode, 0);
      await ends(world.labctl, ["playground", "wait", world.playId], { exitCode: 1 });
      return matching(await says(world, ["playground", "list", "-q"]), new RegExp(`^${world.playId}$`, "m"));
    },
  },
  {
    id: "F6",
    what: "playground restart TITLE-PREFIX -q --with-port-forwards; ssh at once",
    expected: "the id as soon as the play is RUNNING; while the machine still boots, the ssh and the forward are held",
    async run(world) {
      const port = await keepForwardToSite(world);
      const args = ["playground", "restart", "accept", "-q", "--with-port-forwards"];
      const restarted = world.labctl.start(args);
      try {
        await eventually(world.bootMs, async () => assert.equal(restarted.stdout().split("\n")[0], world.playId));
        // The file was written before.
        const said = await says(world, ["ssh", world.playId, "--", "cat", "mark"], { timeoutMs: world.bootMs });
        assert.equal(said, "marked");
        return await eventually(world.bootMs, async () =>
          matching(await (await fetch(`http://127.0.0.1:${port}/w`)).text(), /^site of m1 \/w$/m),
        );
      } finally {
        await restarted.stop();
      }
    },
  },
  {
    id: "F6b",
    what: "playground tasks; expose list",
    expected: "tasks are still done and not done again, the public port still serves",
    async run(world) {
      await eventually(world.bootMs, async () => assert.equal((await stateOf(world)).machines[0]?.ready, true));
      await ends(world.labctl, ["playground", "tasks", world.playId, "--wait", "--timeout", "1m", "-o", "none"]);
      const ports = await says(world, ["expose", "list", world.playId, "--kind", "port"]);
      const url = /http:\/\/m1:8000\s+(\S+)\s+public/.exec(ports)?.[1] ?? "";
      return eventually(world.changeMs, async () => matching((await world.fetchExposed(url)).body, /site of m1/));
    },
  },
  {
    id: "F6c",
    what: "playground lifetime 1m",
    expected: "the play stops by itself when its minute is over, and stays listed",
    async run(world) {
      await ends(world.labctl, ["playground", "lifetime", world.playId, "1m"]);
      const { state, machines } = await eventually(world.changeMs + 60_000, async () => {
        const found = await stateOf(world);
        assert.equal(found.state, "STOPPED");
        return found;
      });
      assert.equal(machines[0]?.state, "STOPPED");
      matching(await says(world, ["playground", "list", "-q"]), new RegExp(`^${world.playId}$`, "m"));
      return state;
    },
  },
  {
    id: "F7",
    what: "playground destroy -q; list; list -a",
    expected: "within seconds; gone from the list, still there with -a",
    async run(world) {
      const begun = Date.now();
      await ends(world.labctl, ["playground", "destroy", world.playId, "-q"], { timeoutMs: world.changeMs + 30_000 });
      const seconds = Math.round((Date.now() - begun) / 1000);
      assert.equal((await stateOf(world)).state, "DESTROYED");
      assert.doesNotMatch(await says(world, ["playground", "list", "-q"]), new RegExp(world.playId));
      matching(await says(world, ["playground", "list", "-a", "-q"]), new RegExp(`^${world.playId}$`, "m"));
      return `${seconds} s`;
    },
  },
];
