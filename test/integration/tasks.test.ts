import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { TaskState } from "../../src/api/play-state.ts";
import type { TaskPlan } from "../../src/plan/plan.ts";
import { openChannel } from "../../src/provisioning/channel.ts";
import { ChannelKeeper } from "../../src/provisioning/channel-keeper.ts";
import { runTasks, type TaskRun, type TaskRunOptions } from "../../src/provisioning/tasks.ts";
import { type SshdFixture, sshdSkipReason, startSshd } from "../fixtures/sshd.ts";

const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? false : "only root can start a task as another user";
/** An account without a home and with a shell that refuses logins; exists on every distribution. */
const otherUser = "nobody";

describe("init tasks", { skip: sshdSkipReason ?? false }, () => {
  let sshd: SshdFixture;
  let keeper: ChannelKeeper;
  /** Stands for the guest's /run/labyard. */
  let guest: string;

  before(async () => {
    sshd = await startSshd();
    guest = await mkdtemp(join(tmpdir(), "labyard-tasks-"));
    keeper = new ChannelKeeper({
      connect: (machine, _user, options) => openChannel({ ...sshd.target(), machine, ...options }),
    });
  });
  after(async () => {
    await keeper?.[Symbol.asyncDispose]();
    await sshd?.[Symbol.asyncDispose]();
    endTasksIn(guest);
    // What was just ended may still be writing its last file.
    await rm(guest, { recursive: true, force: true, maxRetries: 10 });
  });

  const task = (name: string, run: string, more: Partial<TaskPlan> = {}): TaskPlan => ({
    ...{ name, machine: "web-01", user: sshd.username, run, needs: [], timeoutSeconds: 30 },
    ...more,
  });

  function begin(tasks: TaskPlan[], more: Partial<TaskRunOptions> = {}): { run: TaskRun; changes: TaskState[] } {
    const changes: TaskState[] = [];
    const run = runTasks({
      tasks,
      machines: ["web-01", "db-01"].map(name => ({ name, defaultUser: "laborant" })),
      channel: (machine, options) => keeper.get(machine, "root", options),
      timeoutFactor: 1,
      onChange: state => changes.push(state),
      directory: join(guest, "tasks"),
      ...more,
    });
    return { run, changes };
  }

  async function result(only: TaskPlan, more: Partial<TaskRunOptions> = {}): Promise<TaskState> {
    const { run } = begin([only], more);
    await using _run = run;
    run.machineReady("web-01");
    await run.whenSettled();
    return run.statesWithOutput()[0] as TaskState;
  }

  test("a script runs with the promised surroundings", async () => {
    const script = [
      "#!/usr/bin/env python3",
      'echo "$PWD|$HOME|$USER|$LOGNAME|$SHELL|$LAB_USER|$LANG"',
      'echo "$PATH"',
      "id -G",
      "[ -t 0 ] || [ -t 1 ] || echo no terminal",
      'read -r line || echo "stdin is empty"',
      'echo "options: $-; env: $BASH_ENV $SSH_CONNECTION"',
      'echo "$0:$LINENO" >&2',
      "false",
      "exit 42",
    ].join("\n");
    const state = await result(task("env", script));
    const [name, , , , , home, shell] = execFileSync("getent", ["passwd", sshd.username], { encoding: "utf8" })
      .trim()
      .split(":");
    const lines = state.stdout.split("\n");
    assert.equal(lines[0], [home, home, name, name, shell, "laborant", "C.UTF-8"].join("|"));
    assert.equal(
      lines[1],
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:/usr/local/games:/snap/bin:/usr/local/go/bin",
    );
    assert.equal(lines[2], execFileSync("id", ["-G", sshd.username], { encoding: "utf8" }).trim());
    assert.deepEqual(lines.slice(3, 6), ["no terminal", "stdin is empty", "options: hB; env:  "]);
    assert.match(state.stderr, /tasks\/env\/[0-9a-f]+\/script:8\n$/);
    assert.equal(state.exitCode, 42);
    assert.equal(state.status, 35);
  });

  test("a script for another user has that user's groups and needs no login shell", { skip: needsRoot }, async () => {
    const state = await result(task("other", 'id -un; id -G; echo "$PWD $HOME"', { user: otherUser }));
    const groups = execFileSync("id", ["-G", otherUser], { encoding: "utf8" }).trim();
    assert.equal(state.stdout, `${otherUser}\n${groups}\n/ /nonexistent\n`);
    assert.equal(state.status, 40);
  });

  test("a user that does not exist is exit code 217", async () => {
    const state = await result(task("ghost", "true", { user: "no-such-user" }));
    assert.equal(state.status, 35);
    assert.equal(state.exitCode, 217);
    assert.match(state.stderr, /user "no-such-user" does not exist/);
  });

  test("values are data, whatever they contain", async () => {
    const script = `printf '%s' "$LAB_USER"`;
    const hostile = "a'; touch /tmp/labyard-injected; echo '$(id)\n`id`";
    const state = await result(task("quoting", script), { machines: [{ name: "web-01", defaultUser: hostile }] });
    assert.equal(state.stdout, hostile);
    assert.equal(existsSync("/tmp/labyard-injected"), false);
  });

  test("an endless talker is kept to its last 256 KiB", async () => {
    const state = await result(task("noisy", "seq 1 3000000; seq 1 3000000 >&2; echo ä"));
    assert.equal(state.status, 40);
    assert.ok(Buffer.byteLength(state.stdout) <= 256 * 1024);
    assert.ok(state.stdout.endsWith("2999999\n3000000\nä\n"));
    assert.ok(state.stderr.endsWith("3000000\n"));
    assert.ok(Buffer.byteLength(state.stderr) > 200 * 1024);
  });

  test("the end of the script ends the task, and its background children live on", async () => {
    const pidFile = join(guest, "background.pid");
    const started = performance.now();
    const state = await result(
      task("background", `( while :; do echo tick; sleep 0.1; done ) & echo $! > ${pidFile}; echo started`),
    );
    assert.ok(performance.now() - started < 25_000);
    assert.equal(state.status, 40);
    assert.match(state.stdout, /^started\n|^tick\nstarted\n/);
    const pid = Number(readFileSync(pidFile, "utf8"));
    // Its talk has nowhere to go: neither this nor the loss of the connection may end it.
    await delay(600);
    await sshd.dropConnections();
    await delay(600);
    process.kill(pid, 0);
    process.kill(-groupOf(pid), "SIGKILL");
  });

  test("a task that is late is ended with its children, with exit code 124", async () => {
    const pidFile = join(guest, "late.pids");
    const script = `trap '' TERM; sleep 300 & echo $! >> ${pidFile}; echo $$ >> ${pidFile}; echo begun; wait; sleep 300`;
    const state = await result(task("late", script, { timeoutSeconds: 1 }));
    assert.equal(state.exitCode, 124);
    assert.equal(state.status, 35);
    assert.equal(state.stdout, "begun\n");
    assert.match(state.message ?? "", /did not finish within 1 s/);
    for (const pid of readFileSync(pidFile, "utf8").trim().split("\n")) assert.equal(isAlive(Number(pid)), false, pid);
  });

  test("the host factor multiplies the limit, not what is reported", async () => {
    const state = await result(task("slow", "sleep 2; echo done", { timeoutSeconds: 1 }), { timeoutFactor: 5 });
    assert.equal(state.stdout, "done\n");
    assert.equal(state.timeoutSeconds, 1);
  });

  test("a late task of another user is ended too", { skip: needsRoot }, async () => {
    const state = await result(task("late", "sleep 300", { user: otherUser, timeoutSeconds: 1 }));
    assert.equal(state.exitCode, 124);
  });

  test("a lost connection is not a result", async () => {
    const started = join(guest, "started");
    const count = join(guest, "count");
    const { run } = begin([
      task("steady", `echo one; echo x >> ${count}; touch ${started}; sleep 2; echo two; exit 5`),
    ]);
    await using _run = run;
    run.machineReady("web-01");
    while (!existsSync(started)) await delay(20);
    assert.ok((await sshd.dropConnections()) > 0);
    await run.whenSettled();
    const [state] = run.statesWithOutput();
    assert.equal(state?.exitCode, 5);
    assert.match(state?.stdout ?? "", /two\n$/);
    assert.match(state?.stderr ?? "", /the connection was lost/);
    assert.equal(readFileSync(count, "utf8"), "x\n");
  });

  test("a machine that rebooted under a task is a failure that says so", async () => {
    const started = join(guest, "rebooting");
    const { run } = begin([task("rebooted", `touch ${started}; sleep 3`)]);
    await using _run = run;
    run.machineReady("web-01");
    while (!existsSync(started)) await delay(20);
    const directory = join(guest, "tasks", "rebooted");
    const [attempt] = await readdir(directory);
    // What a reboot leaves: another boot id, or nothing at all.
    await writeFile(join(directory, attempt as string, "boot"), "another boot\n");
    await sshd.dropConnections();
    await run.whenSettled();
    const [state] = run.states();
    assert.equal(state?.status, 35);
    assert.equal(state?.exitCode, undefined);
    assert.equal(state?.message, "the machine rebooted while the task was running");
  });

  test("helper functions are there for the script, and only for it", async () => {
    const state = await result(
      task(
        "helpers",
        "type -t docker_container_is_running ctr_container_pid podman_container_count_total; bash -c 'type -t docker_container_is_running || echo clean'",
      ),
    );
    assert.equal(state.stdout, "function\nfunction\nfunction\nclean\n");
  });

  test("tasks wait for their needs on any machine and otherwise run side by side", async () => {
    const log = join(guest, "order");
    const say = (what: string) => `echo ${what} >> ${log}`;
    const { run, changes } = begin([
      task("first", `${say("first")}; sleep 0.5`, { machine: "db-01" }),
      task("second", say("second"), { needs: ["first", "beside"] }),
      task("beside", `while ! grep -q first ${log}; do sleep 0.05; done; ${say("beside")}`),
      task("third", say("third"), { needs: ["second"], machine: "db-01" }),
    ]);
    await using _run = run;
    run.machineReady("web-01");
    while (run.states()[2]?.status !== 30) await delay(20);
    assert.deepEqual(
      run.states().map(({ status }) => status),
      [20, 20, 30, 20],
    );
    run.machineReady("db-01");
    await run.whenSettled();
    assert.equal(readFileSync(log, "utf8"), "first\nbeside\nsecond\nthird\n");
    assert.ok(run.allCompleted);
    for (const { name } of run.states()) {
      const own = changes.filter(change => change.name === name);
      assert.deepEqual(
        own.map(({ version }) => version),
        own.map((_, index) => index + 2),
        "each change has its version",
      );
      assert.deepEqual([...new Set(own.map(({ status }) => status))], [20, 30, 40]);
    }
  });

  test("what needs a failed task waits until that is retried or skipped", async () => {
    const flag = join(guest, "flag");
    const { run } = begin([
      task("flaky", `test -e ${flag}`),
      task("after", "echo after", { needs: ["flaky"] }),
      task("hopeless", "echo why >&2; exit 3"),
      task("rest", "echo rest", { needs: ["hopeless", "after"] }),
    ]);
    await using _run = run;
    run.machineReady("web-01");
    await run.whenSettled();
    assert.deepEqual(
      run.states().map(({ status }) => status),
      [35, 20, 35, 20],
    );
    assert.throws(() => run.retry("after"), { code: "provisioning/task-not-failed" });
    assert.throws(() => run.retry("nothing"), { code: "provisioning/task-unknown" });
    await writeFile(flag, "");
    run.retry("flaky");
    await run.whenSettled();
    assert.deepEqual(
      run.states().map(({ status }) => status),
      [40, 40, 35, 20],
    );
    run.skip("hopeless");
    await run.whenSettled();
    assert.deepEqual(
      run.states().map(({ status }) => status),
      [40, 40, 40, 40],
    );
    assert.equal(run.states()[2]?.skipped, true);
    assert.equal(run.states()[2]?.exitCode, 3);
    assert.throws(() => run.skip("hopeless"), { code: "provisioning/task-not-failed" });
  });

  test("tasks of an earlier run of the play are not run again", async () => {
    const count = join(guest, "runs");
    const tasks = [task("once", `echo x >> ${count}`), task("cut", "sleep 300"), task("next", `echo y >> ${count}`)];
    const first = begin(tasks.slice(0, 2));
    first.run.machineReady("web-01");
    while (first.run.states()[0]?.status !== 40 || first.run.states()[1]?.status !== 30) await delay(20);
    const previous = first.run.statesWithOutput();
    await first.run[Symbol.asyncDispose]();
    const { run } = begin(tasks, { previous });
    await using _run = run;
    run.machineReady("web-01");
    await run.whenSettled();
    assert.equal(readFileSync(count, "utf8"), "x\ny\n");
    const [once, cut] = run.states();
    assert.deepEqual([once?.status, once?.exitCode, once?.version], [40, 0, previous[0]?.version]);
    assert.deepEqual([cut?.status, cut?.message], [35, "the play stopped while the task was running"]);
  });
});

/** What a test left running on purpose, as a machine that stops would end it. */
function endTasksIn(guest: string): void {
  for (const file of readdirSync(guest, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith("/leader")) continue;
    try {
      process.kill(-Number(readFileSync(join(guest, file), "utf8")), "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function groupOf(pid: number): number {
  return Number(/^\d+ \(.*\) \S \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]);
}
