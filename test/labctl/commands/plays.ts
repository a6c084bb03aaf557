import { stringify } from "yaml";
import { flag, goDuration, operand, parsed, showDuration, value } from "../arguments.ts";
import { dialListener, PlayEvents } from "../conns.ts";
import { Exit } from "../context.ts";
import { decode, list } from "../go-json.ts";
import type { LabctlApi } from "../http.ts";
import { getPlay } from "../play-access.ts";
import {
  anyObject,
  consoleContent,
  consoles,
  journalMessage,
  type Play,
  play as playShape,
  urlReply,
} from "../shapes.ts";
import { isActive, isInitialized, listOfTasks, pollPlay, pollTasks, stateOf, waitForTasks } from "../waits.ts";

const taskWords: Record<number, string> = {
  0: "none",
  10: "created",
  20: "blocked",
  30: "running",
  35: "failed",
  40: "completed",
};

const act = (api: LabctlApi, id: string, action: object) => api.call("POST", `/plays/${id}/actions`, anyObject, action);

export async function listPlays(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options } = parsed(args, {
    all: { ...flag, short: "a" },
    quiet: { ...flag, short: "q" },
    output: { ...value, short: "o" },
  });
  const raw: Array<Record<string, unknown>> = [];
  const plays: Play[] = [];
  for (const query of ["", "?persistent=true"]) {
    const { body } = await api.send("GET", `/plays${query}`);
    // A null in the list would end the program at the first use.
    for (const [index, play] of decode(list(playShape), body).entries()) {
      const item = (JSON.parse(body) as unknown[])[index];
      if (item === null) throw new Error("panic: invalid memory address or nil pointer dereference");
      if (plays.some(known => known.id === play.id)) continue;
      plays.push(play);
      raw.push(item as Record<string, unknown>);
    }
  }
  const shown = plays
    .filter(play => options.all || isActive(play) || stateOf(play) === "STOPPED")
    .toSorted((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
  if (options.output === "json") {
    const items = shown.map(({ id }) => raw.find(each => each.id === id));
    api.context.out(`${items.length === 0 ? "null" : JSON.stringify(items, null, 2)}\n`);
  } else {
    for (const play of shown) {
      api.context.out(
        options.quiet ? `${play.id}\n` : `${play.id} ${play.playground.name} ${play.title} ${stateOf(play)}\n`,
      );
    }
  }
}

export async function status(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, { output: { ...value, short: "o" } });
  const play = await getPlay(api, operand(positionals, 0, "play"));
  const tasks = [...(play.tasks?.values() ?? [])];
  const isReady = (name: string) =>
    play.status?.machines
      .find(machine => machine.name === name)
      ?.conditions.some(condition => condition.name === "Ready" && condition.status === "True") ?? false;
  const summary = {
    id: play.id,
    playground: play.playground.name,
    ...(play.title === "" ? {} : { title: play.title }),
    state: stateOf(play) || "UNKNOWN",
    active: isActive(play),
    createdAt: play.createdAt,
    updatedAt: play.updatedAt,
    expiresIn: play.expiresIn,
    pageUrl: play.pageUrl,
    machines: play.machines.map(({ name }) => ({
      name,
      state: play.status?.machines.find(machine => machine.name === name)?.state ?? "",
      ready: isReady(name),
    })),
    tasks: {
      initialized: isInitialized(play),
      failed: tasks.some(task => task.status === 35),
      initCompleted: tasks.filter(task => task.init && task.status === 40).length,
      initTotal: tasks.filter(task => task.init).length,
      completed: tasks.filter(task => !task.init && !task.helper && task.status === 40).length,
      total: tasks.filter(task => !task.init && !task.helper).length,
    },
  };
  if (options.output !== undefined && !["table", "json", "yaml"].includes(options.output)) throw new Exit(1);
  api.context.out(options.output === "json" ? `${JSON.stringify(summary, null, 2)}\n` : stringify(summary));
}

export async function machines(api: LabctlApi, args: readonly string[]): Promise<void> {
  const play = await getPlay(api, operand(args, 0, "play"));
  api.context.out("MACHINE NAME  STATE\n");
  for (const { name } of play.machines) {
    const state = play.status?.machines.find(machine => machine.name === name)?.state ?? "";
    api.context.out(`${name}  ${state || "-"}\n`);
  }
}

export async function machine(api: LabctlApi, args: readonly string[]): Promise<void> {
  const [verb = "", ...rest] = args;
  if (verb === "journal") return journal(api, rest);
  const id = operand(rest, 0, "play");
  const name = operand(rest, 1, "machine");
  if (verb === "console") {
    const action = { machine: name };
    const reply = await api.call("POST", `/plays/${id}/actions`, consoles, {
      action: "machine.console.list",
      ...action,
    });
    for (const each of reply.consoles) {
      const read = { action: "machine.console.read", ...action, console: each };
      const { content } = await api.call("POST", `/plays/${id}/actions`, consoleContent, read);
      api.context.out(`===== ${each} =====\n${content}\n`);
    }
    return;
  }
  if (!["reboot", "stop", "restart"].includes(verb)) throw new Exit(1, `Usage: unknown command machine ${verb}`);
  await act(api, id, { action: `machine.${verb}`, machine: name });
}

/** Ends well with `eof` or a close of 1000 or 1001; messages that cannot be decoded are skipped. */
async function journal(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    unit: { ...value, short: "u" },
    lines: { ...value, short: "n" },
    since: value,
    until: value,
    cursor: value,
  });
  const { lines, ...texts } = options;
  const body = { machine: operand(positionals, 1, "machine"), ...texts, ...(lines ? { lines: Number(lines) } : {}) };
  const { url } = await api.call("POST", `/plays/${operand(positionals, 0, "play")}/journals`, urlReply, body);
  const socket = await dialListener(api, url);
  await new Promise<void>((resolve, reject) => {
    socket.on("message", data => {
      let message: ReturnType<typeof journalMessage>;
      try {
        message = decode(journalMessage, (data as Buffer).toString());
      } catch {
        return;
      }
      if (message.stdout !== "") api.context.out(message.stdout);
      if (message.stderr !== "") api.context.err(message.stderr);
      if (message.eof) resolve();
    });
    socket.once("close", code => {
      if (code === 1000 || code === 1001) resolve();
      else reject(new Exit(1, `Journal connection closed with ${code}`));
    });
    socket.resume();
  });
  socket.terminate();
}

export async function tasks(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    output: { ...value, short: "o" },
    wait: flag,
    "fail-fast": flag,
    timeout: value,
    kind: value,
  });
  const id = operand(positionals, 0, "play");
  const { kind } = options;
  if (kind !== undefined && !["init", "helper", "regular"].includes(kind)) throw new Exit(1);
  const matters = (task: { init: boolean; helper: boolean }) =>
    kind === undefined || (kind === "init" ? task.init : kind === "helper" ? task.helper : !task.init && !task.helper);
  const wait = { seconds: goDuration(options.timeout ?? "-1"), failFast: options["fail-fast"] ?? false };
  const done = !options.wait || (await pollTasks(api, id, matters, wait));
  const { body } = await api.send("GET", `/plays/${id}/tasks`);
  const found = decode(listOfTasks, body).filter(matters);
  if (options.output === "json") {
    const all = JSON.parse(body) as Array<{ name: string }>;
    const shown = found.map(({ name }) => [name, all.find(each => each.name === name)]);
    api.context.out(`${JSON.stringify(Object.fromEntries(shown), null, 2)}\n`);
  } else if (options.output === "name") {
    api.context.out(found.map(({ name }) => `${name}\n`).join(""));
  } else if (options.output !== "none") {
    api.context.out("NAME  MACHINE  STATUS  INIT  HELPER\n");
    for (const { name, machine: on, status: number, init, helper } of found) {
      api.context.out(`${name}  ${on}  ${taskWords[number] ?? number}  ${init}  ${helper}\n`);
    }
  }
  if (!done) throw new Exit(2);
}

export async function wait(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, { "init-only": flag, timeout: value });
  const play = await getPlay(api, operand(positionals, 0, "play"));
  if (!isActive(play)) throw new Exit(1, "Playground is not active");
  using events = await PlayEvents.connect(api, play);
  const seconds = goDuration(options.timeout ?? "48h");
  await waitForTasks(events, api, options["init-only"] ?? false, seconds === 0 ? 2_000_000 : seconds);
}

/** Says that it has been done even when it has not: only the patience of five minutes ends the wait. */
export async function stop(api: LabctlApi, args: readonly string[]): Promise<void> {
  await end(api, args, "stop");
}

export async function destroy(api: LabctlApi, args: readonly string[]): Promise<void> {
  await end(api, args, "destroy");
}

async function end(api: LabctlApi, args: readonly string[], action: "stop" | "destroy"): Promise<void> {
  const { positionals } = parsed(args, { quiet: { ...flag, short: "q" } });
  const id = operand(positionals, 0, "play");
  await act(api, id, { action });
  const happened = await pollPlay(api, id, play => !isActive(play));
  if (!happened) api.context.err("Playground has been stopped.\n");
}

export async function persist(api: LabctlApi, args: readonly string[]): Promise<void> {
  await act(api, operand(args, 0, "play"), { action: "make_persistent" });
}

export async function lifetime(api: LabctlApi, args: readonly string[]): Promise<void> {
  const id = operand(args, 0, "play");
  const wanted = args[1];
  const play =
    wanted === undefined
      ? await getPlay(api, id)
      : await api.call("POST", `/plays/${id}/actions`, playShape, {
          action: "set_max_play_time",
          maxPlayTimeMinutes: Math.ceil(goDuration(wanted) / 60),
        });
  if (!/^(\d+h)?(\d+m)?(\d+s)?$/.test(play.maxPlayTime)) throw new Exit(1, `Invalid duration ${play.maxPlayTime}`);
  const left = showDuration(play.expiresIn / 1000);
  api.context.out(`${showDuration(goDuration(play.maxPlayTime))} (expires in ${left})\n`);
}

/** `labctl api`: the raw body; GET with input becomes POST. */
export async function rawApi(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, { method: { ...value, short: "X" }, input: value });
  const input = options.input === "-" ? api.context.stdin : undefined;
  const method = options.method ?? (input === undefined ? "GET" : "POST");
  const path = operand(positionals, 0, "path");
  const { body } = await api.sendText(
    method,
    path.startsWith("/") ? path : `/${path}`,
    input,
    input === undefined ? 5 : 1,
  );
  api.context.out(body);
}
