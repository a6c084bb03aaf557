import type { Command } from "@commander-js/extra-typings";
import { Problem } from "../api/problems.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { submittableManifest } from "./submit.ts";

export function registerCreate(playground: Command, context: CliContext): void {
  playground
    .command("create")
    .argument("<name>")
    .description("Create a playground from a base; prints its full name")
    .option("-b, --base <base>", "the playground to derive from (default: the file's base)")
    .option("-f, --file <file>", "manifest (- for stdin); without it you get a copy of the base")
    .option("-q, --quiet", "print the name only")
    .action(async (name, options) => {
      const client = await connect(context);
      const body = options.file === undefined ? undefined : await submittableManifest(context, options.file, "create");
      const base = options.base ?? (body?.base as string | undefined);
      if (base === undefined) {
        throw new Problem("cli/usage", {
          message: "the base is missing: give --base, or write base: in the manifest",
          hint: "List the bases with 'labyard playground catalog --filter base'.",
        });
      }
      if (typeof body?.base === "string" && body.base !== base) {
        throw new Problem("manifest/base-unknown", {
          message: `the command says --base ${base} but the file says base: ${body.base}`,
        });
      }
      if (typeof body?.name === "string" && body.name !== name) {
        throw new Problem("manifest/name-mismatch", {
          message: `the file says "${body.name}" but the command says "${name}"`,
        });
      }
      const parts = body ?? (await cloneOf(client, base));
      const created = await client.createPlayground({ ...parts, name, base });
      for (const warning of created.warnings ?? []) context.stderr.write(`warning: ${warning.message}\n`);
      if (!options.quiet) context.stderr.write(`Created ${created.pageUrl}\n`);
      context.stdout.write(`${created.name}\n`);
    });
}

async function cloneOf(client: Awaited<ReturnType<typeof connect>>, base: string): Promise<Record<string, unknown>> {
  return { ...(await client.getPlayground(base, "extended")) };
}
