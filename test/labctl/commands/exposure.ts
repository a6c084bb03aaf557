import { flag, operand, parsed, value } from "../arguments.ts";
import { Exit } from "../context.ts";
import { list } from "../go-json.ts";
import { LabctlApi } from "../http.ts";
import { getPlay, machineOf, userOf } from "../play-access.ts";
import { play as playShape, port as portShape, scanned, shell as shellShape } from "../shapes.ts";
import { startTunnel } from "../tunnel.ts";
import { forwardRemote } from "../wsmux.ts";

export async function expose(api: LabctlApi, args: readonly string[]): Promise<void> {
  const [command = "", ...rest] = args;
  const commands: Record<string, (api: LabctlApi, args: readonly string[]) => Promise<void>> = {
    port: exposePort,
    local: exposeLocal,
    shell: exposeShell,
    scan,
    list: listExposed,
    ls: listExposed,
    remove: removeExposed,
    rm: removeExposed,
  };
  const run = commands[command];
  if (run === undefined) throw new Exit(1, `Usage: unknown command expose ${command}`);
  await run(api, rest);
}

async function exposePort(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    machine: { ...value, short: "m" },
    https: { ...flag, short: "s" },
    "host-rewrite": value,
    "path-rewrite": value,
    public: { ...flag, short: "p" },
    scanned: flag,
  });
  const play = await getPlay(api, operand(positionals, 0, "play"));
  const post = (machine: string, number: number, tls: boolean) =>
    api.call("POST", `/plays/${play.id}/ports`, portShape, {
      machine,
      number,
      access: options.public ? "public" : "private",
      ...(tls ? { tls } : {}),
      ...(options["host-rewrite"] === undefined ? {} : { hostRewrite: options["host-rewrite"] }),
      ...(options["path-rewrite"] === undefined ? {} : { pathRewrite: options["path-rewrite"] }),
    });
  if (!options.scanned) {
    const { name } = machineOf(play, options.machine);
    const number = Number(operand(positionals, 1, "port"));
    api.context.out(`${(await post(name, number, options.https ?? false)).url}\n`);
    return;
  }
  for (const found of await scanPorts(api, play.id, options.machine)) {
    api.context.out(`${(await post(found.machine, found.number, found.protocol === "HTTPS")).url}\n`);
  }
}

async function exposeShell(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    machine: { ...value, short: "m" },
    user: { ...value, short: "u" },
    public: { ...flag, short: "p" },
  });
  const play = await getPlay(api, operand(positionals, 0, "play"));
  const machine = machineOf(play, options.machine);
  const made = await api.call("POST", `/plays/${play.id}/shells`, shellShape, {
    machine: machine.name,
    user: userOf(machine, options.user),
    access: options.public ? "public" : "private",
  });
  api.context.out(`${made.url}\n`);
}

/** The server must accept the port before the machine runs: nothing is waited for here. */
async function exposeLocal(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    machine: { ...value, short: "m" },
    "remote-port": value,
    https: { ...flag, short: "s" },
    public: { ...flag, short: "p" },
    quiet: { ...flag, short: "q" },
  });
  const target = positionals.at(-1) ?? "";
  const [host, local] = target.includes(":") ? target.split(":") : ["127.0.0.1", target];
  const number = Number(local);
  if (!Number.isInteger(number)) throw new Exit(1, `Invalid port ${target}`);
  const isTemporary = positionals.length < 2;
  const play = isTemporary
    ? await api.call("POST", "/plays", playShape, { playground: "alpine", safetyDisclaimerConsent: false })
    : await getPlay(api, operand(positionals, 0, "play"));
  try {
    const { name } = machineOf(play, options.machine);
    const remotePort = Number(options["remote-port"] ?? number);
    const { url } = await api.call("POST", `/plays/${play.id}/ports`, portShape, {
      machine: name,
      number: remotePort,
      access: options.public ? "public" : "private",
      ...(options.https ? { tls: true } : {}),
    });
    await api
      .send("POST", `/plays/${play.id}/port-forwards`, {
        kind: "remote",
        machine: name,
        localHost: host,
        localPort: number,
        remoteHost: "0.0.0.0",
        remotePort,
      })
      .catch(error => api.context.err(`Couldn't save port forward: ${String(error)}\n`));
    const tunnel = await startTunnel(api, play.id, name);
    await forwardRemote(api.context, tunnel, {
      listen: `0.0.0.0:${remotePort}`,
      local: { host: host ?? "127.0.0.1", port: number },
      onListening: () => api.context.out(`${url}\n`),
    });
  } finally {
    if (isTemporary) {
      // Ctrl-C has ended everything else; this one call is still made.
      const last = new LabctlApi({ ...api.context, signal: AbortSignal.timeout(60_000) }, api.config);
      await last.send("POST", `/plays/${play.id}/actions`, { action: "destroy" });
    }
  }
}

async function scan(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, { machine: { ...value, short: "m" } });
  const play = await getPlay(api, operand(positionals, 0, "play"));
  api.context.out("MACHINE  PORT  PROTOCOL\n");
  for (const { machine, number, protocol } of await scanPorts(api, play.id, options.machine)) {
    api.context.out(`${machine}  ${number}  ${protocol}\n`);
  }
}

/** Only HTTP and HTTPS in capitals; of one machine and port the first. */
async function scanPorts(api: LabctlApi, id: string, machine: string | undefined) {
  const query = machine === undefined ? "" : `?machine=${encodeURIComponent(machine)}`;
  const found = await api.call("POST", `/plays/${id}/ports/scan${query}`, list(scanned));
  return found.filter(
    (each, index) =>
      ["HTTP", "HTTPS"].includes(each.protocol) &&
      found.findIndex(other => other.machine === each.machine && other.number === each.number) === index,
  );
}

async function listExposed(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, { kind: value });
  const id = operand(positionals, 0, "play");
  api.context.out("ID  TARGET  URL  ACCESS  HOST REWRITE  PATH REWRITE\n");
  if (options.kind !== "shell") {
    for (const port of await api.call("GET", `/plays/${id}/ports`, list(portShape))) {
      const target = `${port.tls ? "https" : "http"}://${port.machine}:${port.number}`;
      const rewrites = `${port.hostRewrite || "-"}  ${port.pathRewrite || "-"}`;
      api.context.out(`${port.id}  ${target}  ${port.url}  ${port.access}  ${rewrites}\n`);
    }
  }
  if (options.kind !== "port") {
    for (const shell of await api.call("GET", `/plays/${id}/shells`, list(shellShape))) {
      api.context.out(`${shell.id}  ${shell.user}@${shell.machine}  ${shell.url}  ${shell.access}  -  -\n`);
    }
  }
}

/** Ports are looked through first, then shells. */
async function removeExposed(api: LabctlApi, args: readonly string[]): Promise<void> {
  const id = operand(args, 0, "play");
  const exposed = operand(args, 1, "id");
  const ports = await api.call("GET", `/plays/${id}/ports`, list(portShape));
  if (ports.some(port => port.id === exposed)) {
    await api.send("DELETE", `/plays/${id}/ports/${exposed}`);
    return;
  }
  const shells = await api.call("GET", `/plays/${id}/shells`, list(shellShape));
  if (!shells.some(shell => shell.id === exposed)) throw new Exit(1, `No exposed port or shell ${exposed}`);
  await api.send("DELETE", `/plays/${id}/shells/${exposed}`);
}
