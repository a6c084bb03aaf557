import { flag, operand, parsed, value, values } from "../arguments.ts";
import { PlayEvents } from "../conns.ts";
import { Exit } from "../context.ts";
import { list } from "../go-json.ts";
import type { LabctlApi } from "../http.ts";
import { getPlay, machineOf, userOf } from "../play-access.ts";
import { anyJson, me, type Play, play as playShape, playground as playgroundShape } from "../shapes.ts";
import { pollPlay, stateOf, waitForStart } from "../waits.ts";
import { runIde } from "./ide.ts";
import { readManifest } from "./catalogue.ts";
import { restoreForwards, sshInto } from "./ssh.ts";

export async function start(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    file: { ...value, short: "f" },
    machine: { ...value, short: "m" },
    user: { ...value, short: "u" },
    title: value,
    ssh: flag,
    ide: value,
    backend: value,
    quiet: { ...flag, short: "q" },
    "as-free-tier-user": flag,
    "safety-disclaimer-consent": flag,
    "skip-wait-running": flag,
    "skip-wait-ready": flag,
    "skip-wait-init": flag,
    "init-condition": { ...values, short: "i" },
  });
  const name = operand(positionals, 0, "name");
  if (options.backend !== undefined && options.file !== undefined)
    throw new Exit(1, "--backend cannot be used with -f");
  await consent(api, name, options["safety-disclaimer-consent"] ?? false);
  const conditions = (options["init-condition"] ?? []).map(pair => {
    const at = pair.indexOf("=");
    if (at < 0) throw new Exit(1, `Invalid init condition ${pair}`);
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  const play = await api.call("POST", "/plays", playShape, {
    playground: name,
    safetyDisclaimerConsent: true,
    ...(await overrides(api, name, options)),
    ...(conditions.length === 0 ? {} : { initConditions: Object.fromEntries(conditions) }),
    ...(options["as-free-tier-user"] ? { asFreeTierUser: true } : {}),
  });
  if (options.title !== undefined) {
    await api
      .call("POST", `/plays/${play.id}/actions`, playShape, { action: "set_title", title: options.title })
      .catch(error => api.context.err(`Couldn't set the title: ${String(error)}\n`));
  }
  // Checked only now: a wrong name leaves a play running.
  const machine = machineOf(play, options.machine);
  const user = userOf(machine, options.user);
  if (options.ide !== undefined) return runIde(api, play.id, machine.name, user, options.ide);
  using events = await PlayEvents.connect(api, play);
  await waitForStart(api, events, {
    running: options["skip-wait-running"] ?? false,
    ready: options["skip-wait-ready"] ?? false,
    init: options["skip-wait-init"] ?? false,
  });
  if (options.ssh) throw new Exit(await sshInto(api, play, { machine: machine.name, user, command: [] }));
  api.context.out(`${play.id}\n`);
}

/** Somebody else's playground asks a question, and without a terminal to answer it nothing is started. */
async function consent(api: LabctlApi, name: string, given: boolean): Promise<void> {
  if (given) return;
  const found = await api.call("GET", `/playgrounds/${name}`, playgroundShape);
  if (found.owner === "") return;
  if (found.owner !== (await api.call("GET", "/auth/me?authenticate=true", me)).id) throw new Exit(0);
}

async function overrides(
  api: LabctlApi,
  name: string,
  { file, backend }: { file?: string | undefined; backend?: string | undefined },
): Promise<object> {
  if (backend !== undefined) {
    const found = (await api.call("GET", `/playgrounds/${name}`, anyJson)) as { machines: object[] };
    return { machines: found.machines.map(machine => ({ ...machine, backend })) };
  }
  if (file === undefined) return {};
  const { tabs, networks, machines, initTasks } = (await readManifest(api, file)).playground;
  const hasTasks = typeof initTasks === "object" && initTasks !== null && Object.keys(initTasks).length > 0;
  return {
    ...(tabs === undefined ? {} : { tabs }),
    ...(networks === undefined ? {} : { networks }),
    ...(machines === undefined ? {} : { machines }),
    ...(hasTasks ? { initTasks } : {}),
  };
}

/** Anything but 24 hex digits is the beginning of a title, looked for among persistent plays. */
export async function restart(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    machine: { ...value, short: "m" },
    user: { ...value, short: "u" },
    ssh: flag,
    "with-port-forwards": flag,
    quiet: { ...flag, short: "q" },
  });
  const id = await playByTitle(api, operand(positionals, 0, "play"));
  const play = await api.call("POST", `/plays/${id}/actions`, playShape, { action: "restart" });
  const machine = machineOf(play, options.machine);
  userOf(machine, options.user);
  await pollPlay(api, play.id, each => stateOf(each) === "RUNNING");
  if (options.ssh) {
    const user = userOf(machine, options.user);
    throw new Exit(await sshInto(api, await getPlay(api, play.id), { machine: machine.name, user, command: [] }));
  }
  api.context.out(`${play.id}\n`);
  if (options["with-port-forwards"]) await restoreForwards(api, play.id);
}

async function playByTitle(api: LabctlApi, text: string): Promise<string> {
  if (/^[0-9a-f]{24}$/.test(text)) return text;
  const plays: Play[] = await api.call("GET", "/plays?persistent=true", list(playShape));
  const found = plays.filter(play => play.title.toLowerCase().startsWith(text.toLowerCase()));
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new Exit(1, `${found.length} plays have a title that begins with ${text}`);
  return only.id;
}
