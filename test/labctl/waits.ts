import { Exit, pause } from "./context.ts";
import type { PlayEvents } from "./conns.ts";
import { type LabctlApi } from "./http.ts";
import { type Play, play as playShape, taskDetails } from "./shapes.ts";

export const stateOf = (play: Play) => play.status?.stateEvents.at(-1)?.state ?? "";
/** FAILED and even an unknown state count as active. */
export const isActive = (play: Play) => stateOf(play) !== "STOPPED" && stateOf(play) !== "DESTROYED";

const completed = 40;
const tenMinutes = 600;

const machineHas = (condition: (machine: NonNullable<Play["status"]>["machines"][number]) => boolean) => (play: Play) =>
  play.machines.every(({ name }) => play.status?.machines.some(each => each.name === name && condition(each)) ?? false);

const allRunning = machineHas(({ state }) => state === "RUNNING");
const allReady = machineHas(({ conditions }) =>
  conditions.some(({ name, status }) => name === "Ready" && status === "True"),
);
export const isInitialized = (play: Play) =>
  [...(play.tasks?.values() ?? [])].every(task => !task.init || task.status === completed);
const isCompletable = (play: Play) =>
  [...(play.tasks?.values() ?? [])].every(task => task.helper || task.status === completed);

/** The three phases of `start`. It never looks at the state of the play, and sees no failed init task. */
export async function waitForStart(
  api: LabctlApi,
  events: PlayEvents,
  skip: { running: boolean; ready: boolean; init: boolean },
): Promise<void> {
  const { context } = api;
  const hadTasks = (events.play.tasks?.size ?? 0) > 0;
  if (!skip.running) await events.until(allRunning, { seconds: tenMinutes }, context);
  if (!skip.ready) await events.until(allReady, { seconds: tenMinutes }, context);
  if (!skip.init && hadTasks) {
    await events.until(isInitialized, { seconds: tenMinutes, onlyAfterEvent: true }, context);
  }
}

/** Polls every 2 s for 5 min; failing calls are ignored, and so is the end of the patience. True when it happened. */
export async function pollPlay(api: LabctlApi, id: string, condition: (play: Play) => boolean): Promise<boolean> {
  const deadline = Date.now() + 300 * api.context.secondMs;
  while (Date.now() < deadline) {
    const play = await api.call("GET", `/plays/${id}`, playShape).catch((error: unknown) => {
      if (error instanceof Exit) throw error;
      return undefined;
    });
    if (play !== undefined && condition(play)) return true;
    await pause(api.context, 2);
  }
  return false;
}

/** `playground wait`: a failed task is told and ends it with success. */
export async function waitForTasks(events: PlayEvents, api: LabctlApi, initOnly: boolean, seconds: number) {
  const failed = (play: Play) =>
    [...(play.tasks?.values() ?? [])].some(task => (initOnly ? task.init : !task.helper) && task.status === 35);
  const done = initOnly ? isInitialized : isCompletable;
  await events.until(play => done(play) || failed(play), { seconds }, api.context);
  if (failed(events.play)) api.context.err("Some tasks have failed.\n");
}

/** `tasks --wait`: polls with a growing pause. False when the time is over or, if asked to, a task failed. */
export async function pollTasks(
  api: LabctlApi,
  id: string,
  matters: (task: ReturnType<typeof taskDetails>) => boolean,
  { seconds, failFast }: { seconds: number; failFast: boolean },
): Promise<boolean> {
  const deadline = seconds < 0 ? Infinity : Date.now() + seconds * api.context.secondMs;
  let wait = 0.5;
  for (;;) {
    const tasks = (await api.call("GET", `/plays/${id}/tasks`, listOfTasks)).filter(matters);
    if (tasks.every(task => task.status === completed)) return true;
    if (failFast && tasks.some(task => task.status === 35)) return false;
    if (Date.now() + wait * api.context.secondMs > deadline) return false;
    await pause(api.context, wait);
    wait = Math.min(10, wait * 1.3);
  }
}

export const listOfTasks = (value: unknown, path: string) => {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new Exit(1, `Couldn't list tasks: not a list at ${path}`);
  return value.map((each, index) => taskDetails(each, `${path}[${index}]`));
};
