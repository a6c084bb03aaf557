import { auth } from "./commands/auth.ts";
import { catalog, create, manifest, remove, update } from "./commands/catalogue.ts";
import { expose } from "./commands/exposure.ts";
import { ide } from "./commands/ide.ts";
import * as plays from "./commands/plays.ts";
import { cp, kubeProxy, portForwardCommand, ssh, sshProxy } from "./commands/ssh.ts";
import { restart, start } from "./commands/start.ts";
import { parsed, operand } from "./arguments.ts";
import { readConfig } from "./config.ts";
import { Exit, type LabctlContext } from "./context.ts";
import { GoFailure } from "./go-json.ts";
import { CallFailure, LabctlApi } from "./http.ts";
import { me } from "./shapes.ts";

type Command = (api: LabctlApi, args: readonly string[]) => Promise<void>;

const commands: Record<string, Command> = {
  auth,
  expose,
  ssh,
  cp,
  ide,
  "ssh-proxy": sshProxy,
  "port-forward": portForwardCommand,
  "kube-proxy": kubeProxy,
  api: plays.rawApi,
};

const playground: Record<string, Command> = {
  catalog,
  create,
  manifest,
  update,
  remove,
  start,
  restart,
  region,
  list: plays.listPlays,
  ls: plays.listPlays,
  status: plays.status,
  machines: plays.machines,
  machine: plays.machine,
  tasks: plays.tasks,
  wait: plays.wait,
  stop: plays.stop,
  destroy: plays.destroy,
  persist: plays.persist,
  lifetime: plays.lifetime,
};

/** Runs one command line to its end and returns the exit code. Failures are told on stderr as the client tells them. */
export async function runLabctl(context: LabctlContext, args: readonly string[]): Promise<number> {
  const words = [...args];
  let endpoint: string | undefined;
  const at = words.indexOf("--endpoint");
  if (at >= 0) [, endpoint] = words.splice(at, 2);
  try {
    const api = new LabctlApi(context, await readConfig(context, endpoint));
    const [first = "", second = "", ...rest] = words;
    const isPlayground = ["playground", "playgrounds", "p"].includes(first);
    const command = isPlayground ? playground[second] : commands[first];
    if (command === undefined) throw new Exit(1, `Usage: unknown command ${first} ${second}`);
    await command(api, isPlayground ? rest : words.slice(1));
    return 0;
  } catch (error) {
    if (error instanceof Exit) {
      if (error.message !== "") context.err(`labctl: ${error.message}.\n`);
      return error.code;
    }
    if (error instanceof CallFailure) {
      context.err(`labctl: ${error.message}.\n`);
      return 1;
    }
    // A panic, or a reply that Go refuses.
    context.err(`labctl: ${error instanceof GoFailure ? error.message : (error as Error).stack}\n`);
    return 2;
  }
}

async function region(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { positionals } = parsed(args, {});
  const wanted = positionals.length === 0 ? undefined : operand(positionals, 0, "region");
  const { preferredRegion } =
    wanted === undefined
      ? await api.call("GET", "/auth/me?authenticate=true", me)
      : await api.call("PATCH", "/account/preferences", me, { region: wanted });
  if (preferredRegion === "") throw new Exit(1, "No preferred region set");
  api.context.out(`${preferredRegion}\n`);
}
