import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import type { Client } from "../api/client.ts";
import { Problem } from "../api/problems.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { renderTable } from "./table.ts";

/** `labyard expose …`: ports and shells of a play on addresses of their own. */
export function registerExpose(program: Command, context: CliContext): void {
  const expose = program
    .command("expose")
    .aliases(["e", "ex"])
    .description("Ports and shells of a play on addresses of their own");

  expose
    .command("port")
    .argument("<play-id>")
    .argument("[port]", "not with --scanned", portNumber)
    .description("Expose an HTTP port of a machine; prints its URL")
    .option("-m, --machine <machine>", "default: the first machine")
    .option("-s, --https", "the app speaks https")
    .option("--host-rewrite <host>", "the Host header that the app gets")
    .option("--path-rewrite <prefix>", "put in front of the request's path")
    .option("-p, --public", "for everybody, not for you alone")
    .option("--scanned", "every port on which the machines speak HTTP or HTTPS")
    .action(async (id, number, options) => {
      const client = await connect(context);
      const post = (machine: string, port: number, tls: boolean) =>
        client.createPort(id, {
          machine,
          number: port,
          access: options.public ? "public" : "private",
          tls,
          ...(options.hostRewrite === undefined ? {} : { hostRewrite: options.hostRewrite }),
          ...(options.pathRewrite === undefined ? {} : { pathRewrite: options.pathRewrite }),
        });
      if (options.scanned) {
        for (const found of await scannedPorts(client, id, options.machine)) {
          context.stdout.write(`${(await post(found.machine, found.number, found.protocol === "HTTPS")).url}\n`);
        }
        return;
      }
      if (number === undefined) throw new Problem("cli/usage", { message: "which port? Name one, or use --scanned" });
      const machine = options.machine ?? (await firstMachine(client, id));
      context.stdout.write(`${(await post(machine, number, options.https ?? false)).url}\n`);
    });

  expose
    .command("shell")
    .argument("<play-id>")
    .description("Share one terminal of a machine; prints its URL")
    .option("-m, --machine <machine>", "default: the first machine")
    .option("-u, --user <user>", "default: the machine's default user")
    .option("-p, --public", "for everybody who knows the address, not for you alone")
    .action(async (id, options) => {
      const client = await connect(context);
      const { url } = await client.createShell(id, {
        machine: options.machine ?? (await firstMachine(client, id)),
        access: options.public ? "public" : "private",
        ...(options.user === undefined ? {} : { user: options.user }),
      });
      context.stdout.write(`${url}\n`);
    });

  expose
    .command("scan")
    .argument("<play-id>")
    .description("List the ports on which the machines speak HTTP or HTTPS")
    .option("-m, --machine <machine>", "default: all machines")
    .action(async (id, options) => {
      const found = await scannedPorts(await connect(context), id, options.machine);
      const rows = found.map(({ machine, number, protocol }) => [machine, String(number), protocol]);
      context.stdout.write(renderTable(["MACHINE", "PORT", "PROTOCOL"], rows));
    });

  expose
    .command("list")
    .alias("ls")
    .argument("<play-id>")
    .description("List what a play exposes")
    .option("--kind <kind>", "port or shell", exposedKind)
    .action(async (id, options) => {
      const client = await connect(context);
      const ports = options.kind === "shell" ? [] : await client.listPorts(id);
      const shells = options.kind === "port" ? [] : await client.listShells(id);
      const rows = [
        ...ports.map(port => [
          port.id,
          `${port.tls ? "https" : "http"}://${port.machine}:${port.number}`,
          port.url,
          port.access,
          port.hostRewrite ?? "-",
          port.pathRewrite ?? "-",
        ]),
        ...shells.map(shell => [shell.id, `${shell.user}@${shell.machine}`, shell.url, shell.access, "-", "-"]),
      ];
      context.stdout.write(renderTable(["ID", "TARGET", "URL", "ACCESS", "HOST REWRITE", "PATH REWRITE"], rows));
    });

  expose
    .command("remove")
    .alias("rm")
    .argument("<play-id>")
    .argument("<id>", "as 'expose list' shows it")
    .description("Take an exposed port or shared shell away; its connections end")
    .action(async (id, exposed) => {
      const client = await connect(context);
      const isPort = (await client.listPorts(id)).some(port => port.id === exposed);
      if (isPort) await client.deletePort(id, exposed);
      else await client.deleteShell(id, exposed);
    });
}

async function scannedPorts(client: Client, id: string, machine: string | undefined) {
  return (await client.scanPorts(id, machine)).filter(({ protocol }) => protocol !== "TCP");
}

async function firstMachine(client: Client, id: string): Promise<string> {
  const [first] = (await client.getPlay(id)).machines;
  if (first === undefined) throw new Problem("server/not-found", { message: `play ${id} has no machines` });
  return first.name;
}

function portNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 65535) return number;
  throw new InvalidArgumentError("Write a port number from 1 to 65535.");
}

function exposedKind(text: string): "port" | "shell" {
  if (text === "port" || text === "shell") return text;
  throw new InvalidArgumentError('Write "port" or "shell".');
}
