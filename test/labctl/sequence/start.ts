import assert from "node:assert/strict";
import { ends, matching, says, type Step } from "../step.ts";

export const start: Step[] = [
  {
    id: "C1",
    what: "playground start -i key=value --title -q",
    expected: "24 hex digits, after RUNNING, Ready and init tasks",
    async run(world) {
      const args = ["playground", "start", world.playground, "-q", "-i", "key=value", "--title", "Acceptance"];
      world.playId = await says(world, args, { timeoutMs: world.bootMs });
      assert.match(world.playId, /^[0-9a-f]{24}$/);
      const play = JSON.parse(await says(world, ["api", `/plays/${world.playId}`]));
      const condition = play.status.machines[0].conditions[0];
      assert.deepEqual([condition.name, condition.status], ["Ready", "True"]);
      assert.deepEqual(play.initConditions, { key: "value" });
      assert.equal(play.title, "Acceptance");
      const tasks = Object.values<{ status: number }>(play.tasks);
      assert.deepEqual(
        tasks.map(task => task.status),
        [40, 40],
      );
      const states = (play.status.stateEvents as Array<{ state: string }>).map(event => event.state);
      assert.deepEqual(states, ["CREATED", "WARMING_UP", "WARMED_UP", "STARTING", "RUNNING"]);
      return world.playId;
    },
  },
  {
    id: "C2",
    what: "playground list -q and -o json",
    expected: "lists the play; its last state is RUNNING",
    async run(world) {
      matching(await says(world, ["playground", "list", "-q"]), new RegExp(`^${world.playId}$`, "m"));
      const [play] = JSON.parse(await says(world, ["playground", "list", "-o", "json"]));
      return matching(play.status.stateEvents.at(-1).state, /^RUNNING$/);
    },
  },
  {
    id: "C3",
    what: "playground status -o json",
    expected: "active, ready, initialized",
    async run(world) {
      const status = JSON.parse(await says(world, ["playground", "status", world.playId, "-o", "json"]));
      assert.deepEqual([status.active, status.machines[0].ready, status.tasks.initialized], [true, true, true]);
      return `${status.state}, ${status.tasks.initCompleted} of ${status.tasks.initTotal} init tasks`;
    },
  },
  {
    id: "C4",
    what: "playground machines; playground tasks -o json",
    expected: "m1 RUNNING; every task 40, with its output for the owner",
    async run(world) {
      const machines = await says(world, ["playground", "machines", world.playId]);
      assert.match(machines, /^MACHINE NAME\s+STATE\nm1\s+RUNNING$/);
      const tasks = JSON.parse(await says(world, ["playground", "tasks", world.playId, "-o", "json"]));
      assert.deepEqual(Object.keys(tasks).toSorted(), ["init_mark", "init_site"]);
      assert.ok(Object.values(tasks).every(task => (task as { status: number }).status === 40));
      assert.equal(tasks.init_mark.timeoutSeconds, 60);
      assert.match(tasks.init_mark.run, /marked/);
      return "m1 RUNNING, two tasks completed";
    },
  },
  {
    id: "C5",
    what: "playground wait --init-only; tasks --wait",
    expected: "exit 0 at once",
    async run({ labctl, playId }) {
      await ends(labctl, ["playground", "wait", playId, "--init-only", "--timeout", "2m"]);
      await ends(labctl, ["playground", "tasks", playId, "--wait", "--timeout", "1m", "-o", "none"]);
      return "exit 0";
    },
  },
  {
    id: "C6",
    what: "playground lifetime 2h; playground lifetime",
    expected: "2h0m0s, expires in 1h…",
    async run(world) {
      await says(world, ["playground", "lifetime", world.playId, "2h"]);
      return matching(await says(world, ["playground", "lifetime", world.playId]), /^2h0m0s \(expires in 1h\d+m/);
    },
  },
];
