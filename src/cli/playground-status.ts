import type { Command } from "@commander-js/extra-typings";
import { currentState } from "../api/play-state.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { renderTable } from "./table.ts";

export function registerStatus(playground: Command, context: CliContext): void {
  playground
    .command("status")
    .argument("<play-id>")
    .description("Show a play: its state, machines, tasks, notices and problems")
    .option("-o, --output <format>", "table or json", "table")
    .option("--json", "the same as -o json")
    .action(async (id, options) => {
      const client = await connect(context);
      const [play, state] = await Promise.all([client.getPlay(id), client.getPlayState(id)]);
      const done = state.tasks.filter(task => task.status === 40).length;
      const failed = state.tasks.some(task => task.status === 35);
      const machines = state.machines.map(machine => ({
        name: machine.name,
        state: machine.state,
        ready: machine.conditions.some(condition => condition.status === "True"),
        ...(machine.step === undefined ? {} : { step: machine.step.message }),
        ...(machine.problem === undefined ? {} : { problem: machine.problem }),
        resources: play.machines.find(candidate => candidate.name === machine.name)?.resources,
      }));
      const summary = {
        id: play.id,
        playground: play.playground.name,
        ...(play.title === "" ? {} : { title: play.title }),
        state: currentState(state),
        active: play.active,
        createdAt: play.createdAt,
        updatedAt: play.updatedAt,
        expiresIn: play.expiresIn,
        pageUrl: play.pageUrl,
        machines,
        tasks: { initialized: done === state.tasks.length, failed, initCompleted: done, initTotal: state.tasks.length },
        phases: state.phases,
        notices: state.notices,
        ...(state.problem === undefined ? {} : { problem: state.problem }),
      };
      if (options.json || options.output === "json") {
        context.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
        return;
      }
      const line = (label: string, value: string) => context.stdout.write(`${`${label}:`.padEnd(12)} ${value}\n`);
      line("ID", play.id);
      line("Playground", play.playground.name);
      if (play.title !== "") line("Title", play.title);
      line("State", summary.state);
      line("Created", play.createdAt);
      line("Init tasks", `${done} of ${state.tasks.length} completed${failed ? ", some failed" : ""}`);
      line("Page URL", play.pageUrl);
      if (state.problem !== undefined)
        line("Problem", `${state.problem.error}${state.problem.hint ? ` – ${state.problem.hint}` : ""}`);
      for (const notice of state.notices) line("Note", notice.message);
      const rows = machines.map(machine => [
        machine.name,
        machine.state,
        machine.ready ? "yes" : "no",
        `${machine.resources?.cpuCount ?? "?"} vCPU, ${machine.resources?.ramSize ?? "?"}`,
        machine.problem?.error ?? machine.step ?? "",
      ]);
      context.stdout.write(`\n${renderTable(["MACHINE", "STATE", "READY", "RESOURCES", "DETAIL"], rows)}`);
    });
}
