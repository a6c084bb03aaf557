import type { Command } from "@commander-js/extra-typings";
import type { Client } from "../api/client.ts";
import type { TaskDetails } from "../api/contract/tasks.ts";
import { currentState, type PlayStateName } from "../api/play-state.ts";
import { Problem } from "../api/problems.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { newOutput } from "./new-output.ts";
import { durationMinutes } from "./playground-lifetime.ts";
import { taskWord } from "./play-progress.ts";
import { renderTable } from "./table.ts";
import { tasksCompleted } from "./tasks-completed.ts";

export function registerTasks(playground: Command, context: CliContext): void {
  playground
    .command("tasks")
    .argument("<play-id>")
    .description("List the init tasks of a play")
    .option("-o, --output <format>", "table, json or name", "table")
    .option("--json", "the same as -o json")
    .option("--wait", "first wait until all are completed; exit code 2 when one fails or the time is over")
    .option("--timeout <duration>", "with --wait: give up after it, e.g. 10m", durationMinutes)
    .action(async (id, options) => {
      const client = await connect(context);
      if (options.wait) context.exitCode = (await tasksCompleted(context, client, id, options.timeout)) ? 0 : 2;
      const tasks = await client.listTasks(id);
      const format = options.json ? "json" : options.output;
      if (format === "json") {
        context.stdout.write(`${JSON.stringify(Object.fromEntries(tasks.map(task => [task.name, task])), null, 2)}\n`);
      } else if (format === "name") {
        context.stdout.write(tasks.map(task => `${task.name}\n`).join(""));
      } else {
        const yes = (value: boolean) => (value ? "true" : "false");
        const rows = tasks.map(task => [task.name, task.machine, taskWord(task), yes(task.init), yes(task.helper)]);
        context.stdout.write(renderTable(["NAME", "MACHINE", "STATUS", "INIT", "HELPER"], rows));
      }
    });

  const task = playground.command("task").description("One init task of a play");
  task
    .command("output")
    .argument("<play-id>")
    .argument("<task>")
    .description("Print what a task wrote: stdout to stdout, stderr to stderr")
    .option("-f, --follow", "go on until the task has ended")
    .action(async (id, name, options) => {
      const client = await connect(context);
      const print = printerOf(context, client, id, name);
      let task = await print();
      if (!options.follow || hasEnded(task)) return;
      for await (const message of client.watchPlay(id, { signal: context.signal })) {
        if (message.kind !== "state") continue;
        const now = message.state.tasks.find(candidate => candidate.name === name);
        if (now?.version !== task.version) task = await print();
        if (hasEnded(task) || !isWorking(currentState(message.state))) return;
      }
    });
  task
    .command("retry")
    .argument("<play-id>")
    .argument("<task>")
    .description("Run a failed task again; those that wait for it follow")
    .action(async (id, name) => {
      await (await connect(context)).retryTask(id, name);
    });
  task
    .command("skip")
    .argument("<play-id>")
    .argument("<task>")
    .description("Count a failed task as completed, so that those that wait for it run")
    .action(async (id, name) => {
      await (await connect(context)).skipTask(id, name);
    });
}

/** Prints what the task has said since the last call, and returns the task. */
function printerOf(context: CliContext, client: Client, playId: string, name: string): () => Promise<TaskDetails> {
  const printed = { stdout: "", stderr: "" };
  return async () => {
    const task = (await client.listTasks(playId)).find(candidate => candidate.name === name);
    if (task === undefined) throw new Problem("server/not-found", { message: `the play has no task "${name}"` });
    for (const stream of ["stdout", "stderr"] as const) {
      context[stream].write(newOutput(printed[stream], task[stream]));
      printed[stream] = task[stream];
    }
    return task;
  };
}

const hasEnded = ({ status }: Pick<TaskDetails, "status">) => status === 35 || status === 40;

/** Of other plays no task says anything more. */
const isWorking = (state: PlayStateName) =>
  !["STOPPING", "STOPPED", "DESTROYING", "DESTROYED", "FAILED"].includes(state);
