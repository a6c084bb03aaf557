import type { PlayState, TaskState } from "../../../src/api/play-state.ts";
import type { TaskDetails } from "../../../src/api/contract/tasks.ts";
import { currentState } from "../../../src/api/play-state.ts";
import { guestSays } from "../../fixtures/guest-exec.ts";
import { bootMs } from "../../fixtures/patience.ts";
import { isReady } from "../../fixtures/play.ts";
import { openRegistry } from "./machines/registry.ts";
import { playOf, startPlay, until } from "../plays.ts";
import { api, type ApiQuestion, inside, type Row, type Stage, type World } from "../row.ts";

/** Status numbers as the official client knows them. */
const words: Record<TaskState["status"], string> = {
  0: "none",
  10: "created",
  20: "blocked",
  30: "running",
  35: "failed",
  40: "completed",
};

const ended = (task: TaskState): string =>
  `${task.skipped ? "skipped" : words[task.status]}${task.exitCode === undefined ? "" : ` ${task.exitCode}`}`;

async function taskOf({ server, playId }: World, name: string): Promise<TaskDetails> {
  const found = (await server.client.listTasks(playId)).find(task => task.name === name);
  if (found === undefined) throw new Error(`the play has no task ${name}`);
  return found;
}

/** How a task ended and what it said. */
function task(name: string, field: string, written: string, expected: Row["expected"], look = said): Row {
  return api(field, written, async world => look(await taskOf(world, name)), expected);
}

const said = (details: TaskDetails) => `${ended(details as TaskState)}\n${details.stdout}${details.stderr}`.trim();

const names: ApiQuestion = async ({ server, playId }) =>
  (await server.client.listTasks(playId)).map(({ name }) => name).join(" ");

/** What somebody saw who followed a task from its middle to its end. */
let followed = "";

/** Every state of the play that its watcher saw, in order. */
const history: PlayState[] = [];

function watch({ server, signal }: World, playId: string): void {
  void (async () => {
    for await (const message of server.client.watchPlay(playId, { signal })) {
      if (message.kind === "state") history.push(message.state);
    }
  })().catch(() => {
    // The end of the run ends it.
  });
}

/** The play RUNNING, then its machines Ready, then their tasks: what of it a state has the wrong way round. */
function disorder({ stateEvents, machines, tasks }: PlayState, wasReady: Set<string>): string | undefined {
  const runs = stateEvents.some(({ state }) => state === "RUNNING");
  for (const { name, conditions } of machines) {
    if (conditions[0]?.status !== "True") continue;
    if (!runs) return `${name} was Ready while the play was ${currentState({ stateEvents })}`;
    wasReady.add(name);
  }
  const early = tasks.find(({ status, machine }) => status >= 30 && !wasReady.has(machine));
  return early && `${early.name} was ${words[early.status]} before ${early.machine} was Ready`;
}

/** "forwards", or the first step back that was seen. */
function direction(): string {
  const seen = new Map<string, TaskState>();
  const wasReady = new Set<string>();
  for (const state of history) {
    const disordered = disorder(state, wasReady);
    if (disordered !== undefined) return disordered;
    for (const now of state.tasks) {
      const before = seen.get(now.name);
      seen.set(now.name, now);
      if (before === undefined) continue;
      if (now.status < before.status) return `${now.name} went from ${words[before.status]} to ${words[now.status]}`;
      if (now.version < before.version) return `${now.name} went from version ${before.version} to ${now.version}`;
    }
  }
  return history.length > 3 ? "forwards" : `only ${history.length} states were seen`;
}

const isSettled = ({ tasks }: PlayState): boolean => {
  const failed = new Set(tasks.filter(({ status }) => status === 35).map(({ name }) => name));
  const waits = (task: TaskState): boolean =>
    task.status === 20 &&
    task.needs.some(need => failed.has(need) || waits(tasks.find(({ name }) => name === need) as TaskState));
  return tasks.every(task => task.status >= 35 || waits(task));
};

const say = ({ server }: World, playId: string, machine: string, command: string) =>
  guestSays(server.client, playId, { machine, user: "root", command });

export const whileTasksRun: Stage = {
  title: "While init tasks run",
  play: "tasks",
  async reach(world) {
    const playId = await startPlay("tasks", world, { "Container runtime": "cri-o" });
    watch(world, playId);
    await until(
      world,
      playId,
      "talking",
      state =>
        state.machines.every(({ conditions }) => conditions[0]?.status === "True") &&
        state.tasks.some(({ name, status }) => name === "talks" && status === 30),
    );
    await say(world, playId, "one", "until [ -e /tmp/talked ]; do sleep 0.2; done; sleep 1");
  },
  rows: [
    inside("one", "initTasks", "ssh before they are done", "hostname", "one"),
    task(
      "talks",
      "initTasks.<name>.run",
      "prints and goes on",
      "running\nbegun",
      ({ status, stdout }) => `${words[status]}\n${stdout.trim()}`,
    ),
    api(
      "play state",
      "tasks still run",
      async ({ server, playId }) => currentState(await server.client.getPlayState(playId)),
      "RUNNING",
    ),
    inside(
      "one",
      "init-conditions.json",
      "values chosen, defaults, an empty nullable one",
      "cat /opt/iximiuz-labs/init-conditions.json | tr -d ' \\n'; echo; stat -c '%U %a' /opt/iximiuz-labs/init-conditions.json",
      '{"Containerruntime":"cri-o","version":"1.30","repo":"","letters":"aaa"}\nroot 644',
    ),
    api(
      "initConditions",
      "shown with the play",
      async ({ server, playId }) => JSON.stringify((await server.client.getPlay(playId)).initConditions),
      '{"Container runtime":"cri-o","version":"1.30","repo":"","letters":"aaa"}',
    ),
    api(
      "initConditions.values[].placeholder",
      "https://example.com/you/repo",
      async ({ server, playId }) => {
        const { playground } = await server.client.getPlay(playId);
        const { initConditions } = await server.client.getPlayground(playground.name, "extended");
        return String(initConditions?.values?.find(({ key }) => key === "repo")?.placeholder);
      },
      "https://example.com/you/repo",
    ),
  ],
};

const path =
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:/usr/local/games:/snap/bin:/usr/local/go/bin";

export const settled: Stage = {
  title: "What init tasks did",
  play: "tasks",
  async reach(world) {
    const playId = playOf("tasks", world);
    const following = world.server.cli(["playground", "task", "output", playId, "talks", "--follow"], {
      timeoutMs: bootMs,
      allowFailure: true,
    });
    await say(world, playId, "one", "touch /run/go-on");
    followed = (await following).stdout;
    await until(world, playId, "settled", isSettled);
  },
  rows: [
    task(
      "surroundings",
      "initTasks.<name>.user",
      "laborant",
      `completed 0\n/home/laborant|/home/laborant|laborant|laborant|/bin/bash|laborant|C.UTF-8\n${path}\n/dev/null\nfunction\nlaborant\nto stderr`,
    ),
    task("surroundings", "stdout and stderr", "apart", "to stderr", ({ stderr }) => stderr.trim()),
    task("default_user", "initTasks.<name>.user", "absent", "completed 0\nroot"),
    task("no_user", "initTasks.<name>.user", "nobody-here", /^failed 217\n.*user "nobody-here" does not exist/),
    task("made_user", "initTasks.<name>.user", "made by an earlier task", "completed 0\n/home/late-comer"),
    task("across", "initTasks.<name>.needs", "a task of another machine", "completed 0\nmade by first"),
    task("made_user", "initTasks.<name>.needs", "a text instead of a list", "make_user", ({ needs }) => needs.join()),
    task("talks", "initTasks.<name>.run", "lasted until it was let go", "completed 0\nbegun\nended"),
    api("initTasks.<name>.run", "followed while it ran", async () => followed.trim(), "begun\nended"),
    task(
      "late",
      "initTasks.<name>.timeout_seconds",
      "1, ignores TERM",
      /^failed 124: .*did not finish within/,
      details => `${ended(details as TaskState)}: ${details.message}`,
    ),
    task("late", "initTasks.<name>.timeout_seconds", "1 is what is reported", "1", ({ timeoutSeconds }) =>
      String(timeoutSeconds),
    ),
    task("first", "initTasks.<name>.timeout_seconds", "absent", "60", ({ timeoutSeconds }) => String(timeoutSeconds)),
    inside("one", "initTasks.<name>.timeout_seconds", "children end, too", "pgrep -fc '[s]leep 86399' || true", "0"),
    task("background", "initTasks.<name>.run", "leaves a child behind", "completed 0\nstarted", details =>
      said(details).split("\n").slice(0, 2).join("\n"),
    ),
    inside(
      "one",
      "initTasks.<name>.run",
      "the child lives on",
      'a=$(cat /tmp/alive); until [ "$(cat /tmp/alive)" -gt "$a" ]; do sleep 0.5; done; echo alive',
      "alive",
    ),
    task(
      "noisy",
      "initTasks.<name>.run",
      "3 MB of output",
      "completed 0: 262144 bytes, then the end",
      details =>
        `${ended(details as TaskState)}: ${Buffer.byteLength(details.stdout)} bytes, then ${details.stdout.trim().split("\n").at(-1)}`,
    ),
    task("flaky", "initTasks.<name>.run", "exit 7", "failed 7\nlooking\nnot there"),
    task("after_flaky", "initTasks.<name>.needs", "a failed task", "blocked"),
    task("fills_the_disk", "initTasks.<name>.run", "fills the disk", /^failed 1\n.*No space left on device/),
    inside(
      "two",
      "a machine with a full disk",
      "still answers",
      "df --output=pcent / | tail -1 | tr -d ' '; hostname",
      "100%\ntwo",
    ),
    api(
      "play state",
      "a task failed",
      async ({ server, playId }) => {
        const state = await server.client.getPlayState(playId);
        return `${currentState(state)}, ${isReady(state) ? "ready" : "not ready"}`;
      },
      "RUNNING, ready",
    ),
    task("chosen", "initTasks.<name>.conditions", "Container runtime = cri-o", "completed 0\nchosen"),
    api("initTasks.<name>.conditions", "not the chosen value", names, /^(?!.*\bnot_chosen\b)/),
    task("both_keys", "initTasks.<name>.conditions[].key, value", "two, both match", "completed 0\nboth"),
    api("initTasks.<name>.conditions[].key, value", "two, one matches", names, /^(?!.*\bone_of_two_keys\b)/),
    task("either_value", "initTasks.<name>.conditions", "one key twice", "completed 0\neither"),
    task(
      "needs_absent",
      "initTasks.<name>.conditions",
      "needs a task that was not chosen",
      "completed 0\ndid not wait",
    ),
    openRegistry,
    api("statuses", "every state that was sent", async () => direction(), "forwards"),
  ],
};

export const mended: Stage = {
  title: "Retry, skip, and a task that reboots its machine",
  play: "tasks",
  async reach(world) {
    const playId = playOf("tasks", world);
    const { client } = world.server;
    await say(world, playId, "one", "touch /root/mended; sync");
    await client.retryTask(playId, "fills_the_disk");
    await client.retryTask(playId, "flaky");
    await client.skipTask(playId, "hopeless");
    await until(world, playId, "rebooted", state =>
      state.tasks.some(({ name, status }) => name === "reboots" && status === 35),
    );
    await until(world, playId, "settled", state => isSettled(state) && isReady(state));
  },
  rows: [
    task("flaky", "retry", "of a failed task", "completed 0\nlooking"),
    task("fills_the_disk", "retry", "of the one that filled the disk", "completed 0\nmade room"),
    task("after_flaky", "retry", "what waited follows", "completed 0\ntwo"),
    task("hopeless", "skip", "of a failed task", "skipped 3"),
    task("after_hopeless", "skip", "what waited follows", "completed 0\nwent on"),
    task(
      "reboots",
      "initTasks.<name>.run",
      "reboots its machine",
      "failed: the machine rebooted while the task was running",
      details => `${ended(details as TaskState)}: ${details.message}`,
    ),
    inside(
      "one",
      "initTasks",
      "after the reboot: not run again",
      "ls /tmp/first 2>&1 | grep -c 'No such'; hostname",
      /^[01]\none$/,
    ),
    api(
      "play state",
      "opened although a task failed",
      async ({ server, playId }) => currentState(await server.client.getPlayState(playId)),
      "RUNNING",
    ),
  ],
};
