import type { Command } from "@commander-js/extra-typings";
import type { Group } from "../api/contract/groups.ts";
import { Problem } from "../api/problems.ts";
import { confirm } from "./confirm.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { renderTable } from "./table.ts";

/** `labyard group …`: whom `student:<group>` and `instructor` in access lists mean. For administrators. */
export function registerGroup(program: Command, context: CliContext): void {
  const group = program
    .command("group")
    .alias("groups")
    .description("Groups of people for access lists (for administrators)");

  group
    .command("set")
    .argument("<group>")
    .description("Create a group or change when it is open; students count while it is")
    .option("--opens <time>", "RFC 3339, e.g. 2030-03-01T08:00:00Z; default: at once")
    .option("--closes <time>", "RFC 3339; default: never")
    .action(async (name, options) => {
      const client = await connect(context);
      const window = { opensAt: moment(options.opens), closesAt: moment(options.closes) };
      context.stderr.write(`${describe(await client.putGroup(name, window))}\n`);
    });

  group
    .command("list")
    .alias("ls")
    .description("List the groups and their members")
    .option("-o, --output <format>", "table or json", "table")
    .option("--json", "the same as -o json")
    .action(async options => {
      const groups = await (await connect(context)).listGroups();
      if (options.json || options.output === "json") {
        context.stdout.write(`${JSON.stringify(groups, null, 2)}\n`);
        return;
      }
      const rows = groups.map(each => [
        each.name,
        each.open ? "open" : "closed",
        each.opensAt ?? "-",
        each.closesAt ?? "-",
        membersOf(each, "instructor"),
        membersOf(each, "student"),
      ]);
      context.stdout.write(renderTable(["GROUP", "STATE", "OPENS", "CLOSES", "INSTRUCTORS", "STUDENTS"], rows));
    });

  group
    .command("add-member")
    .argument("<group>")
    .argument("<user...>", "names or ids")
    .description("Add people to a group, as students unless told otherwise")
    .option("--instructor", "as instructors, who count even while the group is closed")
    .action(async (name, users, options) => {
      const client = await connect(context);
      const role = options.instructor ? "instructor" : "student";
      for (const each of users) await client.putGroupMember(name, each, { role });
      context.stderr.write(`Added to ${name} as ${role}: ${users.join(", ")}.\n`);
    });

  group
    .command("remove-member")
    .argument("<group>")
    .argument("<user...>", "names or ids")
    .description("Take people out of a group")
    .action(async (name, users) => {
      const client = await connect(context);
      for (const each of users) await client.deleteGroupMember(name, each);
      context.stderr.write(`Taken out of ${name}: ${users.join(", ")}.\n`);
    });

  group
    .command("remove")
    .alias("rm")
    .argument("<group>")
    .description("Remove a group; access lists that name it match nobody then")
    .option("-f, --force", "do not ask")
    .action(async (name, options) => {
      const client = await connect(context);
      if (!options.force) await confirm(context, `Remove the group ${name}?`);
      await client.deleteGroup(name);
      context.stderr.write(`Group ${name} has been removed.\n`);
    });
}

function membersOf(group: Group, role: "student" | "instructor"): string {
  const names = group.members.filter(member => member.role === role).map(member => member.name);
  return names.length === 0 ? "-" : names.join(", ");
}

function describe({ name, open, opensAt, closesAt, members }: Group): string {
  const window = [opensAt && `from ${opensAt}`, closesAt && `until ${closesAt}`].filter(Boolean).join(" ");
  return `Group ${name} is ${open ? "open" : "closed"}${window === "" ? "" : ` (${window})`} and has ${members.length} members.`;
}

function moment(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text).toISOString();
  throw new Problem("cli/usage", { message: `"${text}" is not a time such as 2030-03-01T08:00:00Z` });
}
