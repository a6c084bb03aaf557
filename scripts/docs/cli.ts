import type { Argument, Command, Option } from "commander";
import type { CliContext } from "../../src/cli/context.ts";
import { createProgram } from "../../src/cli/program.ts";
import { resolvePaths } from "../../src/store/paths.ts";
import { cell } from "./markdown.ts";

/** docs/reference/cli.md: the command tree as the program itself builds it; hidden commands are left out. */
export async function renderCli(): Promise<string> {
  const program = (await createProgram(contextOfNobody())) as unknown as Command;
  return `# Command line

<!-- Generated from src/cli by scripts/generate-docs.ts; run npm run docs after a change. -->

${program.description()} \`labctl\` is a second name of the same program. Every command and group also takes \`--help\`, the program itself \`--version\`.

${leaves(program, program.name()).map(renderCommand).join("\n")}`;
}

interface Leaf {
  command: Command;
  /** "labyard playground" */
  parent: string;
}

/** Commands that do something, depth first in the order of --help. */
function leaves(group: Command, path: string): Leaf[] {
  const visible = group.createHelp().visibleCommands(group);
  return visible
    .filter(command => command.name() !== "help")
    .flatMap(command =>
      command.commands.length === 0
        ? [{ command, parent: path }]
        : leaves(command, `${path} ${[command.name(), ...command.aliases()].join("|")}`),
    );
}

function renderCommand({ command, parent }: Leaf): string {
  const help = command.createHelp();
  const names = [command.name(), ...command.aliases()].join("|");
  const usage = [parent, names, command.usage()].filter(Boolean).join(" ");
  // The title names the command, the usage line names its aliases too.
  const title = [...parent.split(" ").map(word => word.split("|")[0]), command.name()].join(" ");
  const rows = [
    ...command.registeredArguments.map(argument => row(argumentName(argument), describeArgument(argument))),
    ...help
      .visibleOptions(command)
      .filter(option => option.long !== "--help")
      .map(option => row(option.flags, describeOption(option))),
  ];
  const table = rows.length === 0 ? "" : `\n| Argument or option | |\n| --- | --- |\n${rows.join("\n")}\n`;
  return `## ${title}\n\n${command.description()}.\n\n    ${usage}\n${table}`;
}

const row = (name: string, meaning: string) => `| \`${cell(name)}\` | ${cell(meaning)} |`;

function argumentName(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function describeArgument(argument: Argument): string {
  return withChoices(argument.description, argument.argChoices, argument.defaultValue);
}

function describeOption(option: Option): string {
  return withChoices(option.description, option.argChoices, option.negate ? undefined : option.defaultValue);
}

function withChoices(text: string, choices: readonly string[] | undefined, fallback: unknown): string {
  const extras = [
    ...(choices === undefined ? [] : [choices.map(choice => `\`${choice}\``).join(", ")]),
    ...(typeof fallback === "string" || typeof fallback === "number" ? [`default: \`${fallback}\``] : []),
  ];
  return [text, ...(extras.length === 0 ? [] : [`(${extras.join("; ")})`])].filter(Boolean).join(" ");
}

/** Building the tree runs no command, so what the context holds does not show in the page. */
function contextOfNobody(): CliContext {
  return {
    programName: "labyard",
    env: {},
    paths: resolvePaths({}, 0),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: new AbortController().signal,
    exitCode: 0,
  };
}
