import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { flag, operand, parsed, value, values } from "../arguments.ts";
import { Exit, pause } from "../context.ts";
import { forwardSpecs } from "../forward-spec.ts";
import { list } from "../go-json.ts";
import type { LabctlApi } from "../http.ts";
import { getPlay, machineOf, sshTunnel, userOf } from "../play-access.ts";
import { type Play, type PortForward, portForward } from "../shapes.ts";
import { runSsh } from "../ssh.ts";
import { startTunnel } from "../tunnel.ts";
import { forwardLocal, forwardRemote } from "../wsmux.ts";

/** One command through a tunnel of its own; returns its status. */
export async function sshInto(
  api: LabctlApi,
  play: Play,
  { machine, user, command }: { machine: string; user: string; command: readonly string[] },
): Promise<number> {
  const tunnel = await sshTunnel(api, play.id, machine, user);
  const { server, port } = await forwardLocal(api.context, tunnel, { host: "", port: 0, payload: ":22" });
  try {
    const identityFile = api.config.sshIdentityFile;
    return await runSsh(api.context, { port, user, identityFile, command: command.join(" ") });
  } finally {
    server.close();
  }
}

export async function ssh(api: LabctlApi, args: readonly string[]): Promise<void> {
  const at = args.indexOf("--");
  const { values: options, positionals } = parsed(at < 0 ? args : args.slice(0, at), {
    machine: { ...value, short: "m" },
    user: { ...value, short: "u" },
  });
  const play = await getPlay(api, operand(positionals, 0, "play"));
  const machine = machineOf(play, options.machine);
  const user = userOf(machine, options.user);
  const command = at < 0 ? [] : args.slice(at + 1);
  const status = await sshInto(api, play, { machine: machine.name, user, command });
  if (status !== 0) throw new Exit(status, `Process exited with status ${status}`);
}

/** A local port that leads to the machine's sshd for as long as the program runs, saved as a forward. */
export async function openProxy(
  api: LabctlApi,
  id: string,
  { machine, user, address, save }: { machine: string; user: string; address?: string | undefined; save: boolean },
): Promise<{ port: number; close(): void }> {
  const [host = "127.0.0.1", wanted] = (address ?? `127.0.0.1:${40_000 + Math.floor(Math.random() * 20_000)}`).split(
    ":",
  );
  if (save) {
    const record = { kind: "local", machine, localHost: host, localPort: Number(wanted), remotePort: 22 };
    await saveForward(api, id, record);
  }
  const tunnel = await sshTunnel(api, id, machine, user);
  const { server, port } = await forwardLocal(api.context, tunnel, { host, port: Number(wanted), payload: ":22" });
  return { port, close: () => server.close() };
}

export async function sshProxy(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    machine: { ...value, short: "m" },
    user: value,
    address: value,
    quiet: { ...flag, short: "q" },
  });
  const play = await getPlay(api, operand(positionals, 0, "play"));
  const machine = machineOf(play, options.machine);
  const user = userOf(machine, options.user);
  const proxy = await openProxy(api, play.id, { machine: machine.name, user, address: options.address, save: true });
  api.context.err(`SSH proxy is listening on 127.0.0.1:${proxy.port}\n`);
  await forever(api);
}

/** A quiet proxy and the system's scp, which speaks SFTP. Every run saves a forward. */
export async function cp(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    machine: { ...value, short: "m" },
    user: { ...value, short: "u" },
    recursive: { ...flag, short: "r" },
  });
  const [from = "", to = ""] = positionals;
  const remote = /^([0-9a-f]{24}):(.*)$/;
  const [, id] = remote.exec(from) ?? remote.exec(to) ?? [];
  if (id === undefined || (remote.test(from) && remote.test(to))) throw new Exit(1);
  const play = await getPlay(api, id);
  const machine = machineOf(play, options.machine);
  const user = userOf(machine, options.user);
  const proxy = await openProxy(api, id, { machine: machine.name, user, save: true });
  const place = (text: string) => text.replace(remote, (_all, _id, path: string) => `${user}@127.0.0.1:${path}`);
  try {
    await scp(api, proxy.port, [...(options.recursive ? ["-r"] : []), place(from), place(to)]);
  } finally {
    proxy.close();
  }
}

async function scp(api: LabctlApi, port: number, args: readonly string[]): Promise<void> {
  const status = await system(api, "scp", [
    ...["-i", api.config.sshIdentityFile, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"],
    ...["-P", String(port), "-C", ...args],
  ]);
  if (status !== 0) throw new Exit(1, `scp failed with ${status}`);
}

/** Runs a program of the user's PATH to its end; its words go to stderr. */
export async function system({ context }: LabctlApi, program: string, args: readonly string[]): Promise<number> {
  const env = { ...process.env, ...context.env, HOME: context.home };
  const child: ChildProcess = spawn(program, args, { env, signal: context.signal, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", chunk => context.err(String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  return code ?? 255;
}

export async function portForwardCommand(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    machine: { ...value, short: "m" },
    local: { ...values, short: "L" },
    remote: { ...values, short: "R" },
    quiet: { ...flag, short: "q" },
    list: flag,
    restore: flag,
    remove: value,
  });
  const id = operand(positionals, 0, "play");
  const path = `/plays/${id}/port-forwards`;
  if (options.list) {
    const saved = await api.call("GET", path, list(portForward));
    for (const [index, spec] of saved.entries()) api.context.err(`  [${index}] ${describe(spec)}\n`);
    return;
  }
  if (options.remove !== undefined) {
    await api.send("DELETE", `${path}/${options.remove}`);
    return;
  }
  const play = await getPlay(api, id);
  if (options.restore) return restoreForwards(api, id);
  const { name } = machineOf(play, options.machine);
  const specs = forwardSpecs(name, options.local ?? [], options.remote ?? []);
  for (const spec of specs) await saveForward(api, id, spec);
  await forwardAll(api, id, specs);
}

/** All forwards that the play remembers, for as long as the program runs. */
export async function restoreForwards(api: LabctlApi, id: string): Promise<void> {
  await forwardAll(api, id, await api.call("GET", `/plays/${id}/port-forwards`, list(portForward)));
}

async function forwardAll(api: LabctlApi, id: string, specs: readonly PortForward[]): Promise<void> {
  const ends: Array<Promise<never>> = [];
  for (const machine of new Set(specs.map(spec => spec.machine))) {
    const tunnel = await startTunnel(api, id, machine);
    for (const spec of specs.filter(each => each.machine === machine)) {
      if (spec.kind === "remote") {
        const listen = `${spec.remoteHost || "0.0.0.0"}:${spec.remotePort}`;
        const local = { host: spec.localHost || "127.0.0.1", port: spec.localPort };
        ends.push(forwardRemote(api.context, tunnel, { listen, local }));
        continue;
      }
      const payload = `${spec.remoteHost}:${spec.remotePort}`;
      await forwardLocal(api.context, tunnel, { host: spec.localHost, port: spec.localPort, payload });
    }
  }
  await Promise.race([forever(api), ...ends]);
}

/** The local side first, whichever kind it is. */
const describe = (spec: PortForward) =>
  `${spec.machine} (${spec.kind}): ${spec.localHost}:${spec.localPort} -> ${spec.remoteHost}${spec.remoteHost ? ":" : ""}${spec.remotePort}`;

/** A failure is only a warning. */
async function saveForward(api: LabctlApi, id: string, record: object): Promise<void> {
  await api
    .send("POST", `/plays/${id}/port-forwards`, record)
    .catch(error => api.context.err(`Couldn't save port forward: ${String(error)}\n`));
}

/** The kubeconfig of the control plane with its server moved to a local port, and that port forwarded. */
export async function kubeProxy(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, { address: value, "control-plane": value });
  const play = await getPlay(api, operand(positionals, 0, "play"));
  const controlPlane = options["control-plane"] ?? play.machines.find(({ name }) => name === "cplane-01")?.name;
  const machine = machineOf(play, controlPlane);
  const user = userOf(machine, undefined);
  const directory = join(api.config.playsDir, `${play.id}-${machine.name}-${user}`);
  await mkdir(directory, { recursive: true });
  const file = join(directory, "kubeconfig");
  const proxy = await openProxy(api, play.id, { machine: machine.name, user, save: true });
  await scp(api, proxy.port, [`${user}@127.0.0.1:~/.kube/config`, file]);
  proxy.close();
  const address = (options.address ?? "6443:6443").split(":");
  const [localHost = "", localPort = "", remotePort = ""] = address.length === 3 ? address : ["127.0.0.1", ...address];
  const config = parse(await readFile(file, "utf8")) as { clusters: Array<{ cluster: Record<string, unknown> }> };
  for (const { cluster } of config.clusters) {
    cluster["tls-server-name"] = new URL(String(cluster.server)).hostname;
    cluster.server = `https://${localHost}:${localPort}`;
  }
  await writeFile(file, stringify(config), { mode: 0o600 });
  const tunnel = await sshTunnel(api, play.id, machine.name, user);
  await forwardLocal(api.context, tunnel, { host: localHost, port: Number(localPort), payload: `:${remotePort}` });
  api.context.out(`\nThe kubeconfig is in:\n  ${file}\n\n  export KUBECONFIG=${file}\n`);
  await forever(api);
}

/** Until Ctrl-C, which is a success. */
async function forever(api: LabctlApi): Promise<never> {
  await pause(api.context, 1e6).catch(() => {});
  throw new Exit(0);
}
