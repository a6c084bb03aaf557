import { flag, operand, parsed, value, values } from "../arguments.ts";
import { Exit, pause } from "../context.ts";
import type { LabctlApi } from "../http.ts";
import { getPlay, machineOf, userOf } from "../play-access.ts";
import { openProxy, system } from "./ssh.ts";

const known = ["code", "cursor", "windsurf", "zed", "antigravity-ide"];
const maxProbes = 30;

export async function ide(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    machine: { ...value, short: "m" },
    user: value,
    workdir: { ...value, short: "w" },
    repo: { ...values, short: "r" },
    "forward-agent": flag,
  });
  const name = operand(positionals, 0, "name");
  const play = await getPlay(api, operand(positionals, 1, "play"));
  const machine = machineOf(play, options.machine);
  await runIde(api, play.id, machine.name, userOf(machine, options.user), name, options.repo ?? []);
}

/** Nothing is waited for but the tunnel: a slow machine is the server's affair, which holds the request. */
export async function runIde(
  api: LabctlApi,
  playId: string,
  machine: string,
  user: string,
  program: string,
  repositories: readonly string[] = [],
): Promise<void> {
  if (!known.includes(program)) throw new Exit(1);
  const proxy = await openProxy(api, playId, { machine, user, save: false });
  const target = `ssh://${user}@127.0.0.1:${proxy.port}`;
  const ssh = (command: string) =>
    system(api, "ssh", [
      ...["-i", api.config.sshIdentityFile, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"],
      ...["-p", String(proxy.port), `${user}@127.0.0.1`, command],
    ]);
  for (let probe = 1; (await ssh("true")) !== 0; probe++) {
    if (probe >= maxProbes) throw new Exit(1, "SSH is not available");
    await pause(api.context, 1);
  }
  for (const repository of repositories) await ssh(`git clone ${repository}`);
  await system(api, program, program === "zed" ? [target] : ["--folder-uri", `vscode-remote://ssh-remote+${target}`]);
  await pause(api.context, 1e6).catch(() => {});
}
