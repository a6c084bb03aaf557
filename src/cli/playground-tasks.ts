import type { Command } from "@commander-js/extra-typings";
import { Problem } from "../api/problems.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { taskWord } from "./play-progress.ts";
import { renderTable } from "./table.ts";

export function registerTasks(playground: Command, context: CliContext): void {
  playground
    .command("tasks")
    .argument("<play-id>")
    .description("List the init tasks of a play")
    .option("-o, --output <format>", "table, json or name", "table")
    .option("--json", "the same as -o json")
    .action(async (id, options) => {
      const tasks = await (await connect(context)).listTasks(id);
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
    .action(async (id, name) => {
      const found = (await (await connect(context)).listTasks(id)).find(candidate => candidate.name === name);
      if (found === undefined) throw new Problem("server/not-found", { message: `the play has no task "${name}"` });
      context.stdout.write(found.stdout);
      context.stderr.write(found.stderr);
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
