import { limits } from "../limits.ts";
import { didYouMean, nearest } from "../../lib/nearest.ts";
import { shorten } from "../read/source-tree.ts";
import type { Incomplete, InitTask } from "../schema.ts";
import { forEachAt, isText, type RuleContext } from "./context.ts";
import { byteLength, isLoginName } from "./names.ts";

type Task = Incomplete<InitTask>;

export function checkInitTasks(context: RuleContext): void {
  const path = "playground.initTasks";
  const tasks = Object.entries(context.spec.initTasks ?? {}).flatMap(([name, task]) =>
    task === undefined ? [] : [{ name, task, at: `${path}.${name}` }],
  );
  if (tasks.length > limits.tasksMax) {
    const message = `a playground has at most ${limits.tasksMax} init tasks, this one has ${tasks.length}`;
    context.error("manifest/task-invalid", path, message);
  }
  const names = tasks.map(({ name }) => name);
  for (const { name, task, at } of tasks) {
    const label = `task "${shorten(name)}"`;
    checkName(context, name, at);
    checkScript(context, task, at, label);
    checkWhere(context, task, at, label);
    checkNeeds(context, task, at, label, names);
    checkConditions(context, task, at, label);
  }
  checkCycles(context, tasks);
}

function checkName(context: RuleContext, name: string, path: string): void {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(name)) {
    const message = `task name "${shorten(name)}" may contain only letters, digits and "_"`;
    context.error("manifest/task-name", path, message, { value: name });
  } else if (name.includes("-")) {
    const suggestion = name.replaceAll("-", "_");
    const message = `task name "${shorten(name)}" contains "-", which other platforms refuse; try "${shorten(suggestion)}"`;
    context.warn("manifest/task-name", path, message, { value: name, suggestion });
  }
}

function checkScript(
  context: RuleContext,
  { run, init, timeout_seconds: seconds }: Task,
  path: string,
  label: string,
): void {
  if (init === false || context.isMissing(`${path}.init`, init)) {
    context.warn("manifest/task-not-init", `${path}.init`, `${label} has no "init: true"; it is run as an init task`);
  }
  if (context.isMissing(`${path}.run`, run) || run?.trim() === "") {
    context.error("manifest/task-invalid", `${path}.run`, `${label} has no script: write it under "run"`);
  }
  const bytes = byteLength(run);
  if (bytes > limits.taskRunBytesMax) {
    const message = `the script of ${label} has ${bytes} bytes, the limit is ${limits.taskRunBytesMax}`;
    context.error("manifest/task-invalid", `${path}.run`, message);
  }
  const interpreter = /^#![ \t]*(\S+)(?:[ \t]+(\S+))?/.exec(run ?? "");
  const program = interpreter?.[1]?.endsWith("/env") ? interpreter[2] : interpreter?.[1];
  if (program !== undefined && !/^(?:.*\/)?(?:ba|da|a|k|z)?sh$/.test(program)) {
    const message = `${label} starts with "#!" and ${shorten(program)}, but scripts are always run by bash`;
    context.warn("manifest/task-invalid", `${path}.run`, message, {
      hint: `Call the interpreter inside the script: ${shorten(program)} <<'EOF' … EOF`,
    });
  }
  if (seconds !== undefined && (seconds < 1 || seconds > limits.taskTimeoutSecondsMax)) {
    const message = `timeout_seconds of ${label} must be 1 to ${limits.taskTimeoutSecondsMax}, found ${seconds}`;
    context.error("manifest/task-invalid", `${path}.timeout_seconds`, message, { value: String(seconds) });
  }
}

function checkWhere(context: RuleContext, { machine, user }: Task, path: string, label: string): void {
  const { machineNames } = context;
  if (context.isMissing(`${path}.machine`, machine) && machineNames !== undefined && machineNames.length > 1) {
    const message = `${label} names no machine; choose one of: ${machineNames.join(", ")}`;
    context.error("manifest/task-invalid", `${path}.machine`, message);
  }
  context.checkMachine("manifest/task-invalid", `${path}.machine`, machine, `${label} names`);
  if (user !== undefined && !isLoginName(user)) {
    const message = `user "${shorten(user)}" of ${label} is not a valid login name`;
    context.error("manifest/task-invalid", `${path}.user`, message, { value: user });
  }
}

function checkNeeds(context: RuleContext, task: Task, path: string, label: string, names: readonly string[]): void {
  const { needs = [] } = task;
  if (needs.length > limits.taskNeedsMax) {
    const message = `${label} needs ${needs.length} tasks, the limit is ${limits.taskNeedsMax}`;
    context.error("manifest/task-invalid", `${path}.needs`, message);
  }
  forEachAt(needs, `${path}.needs`, (need, at) => {
    if (names.includes(need)) return;
    const suggestion = nearest(need, names);
    const message = `${label} needs "${shorten(need)}", which does not exist.${didYouMean(suggestion)}`;
    context.error("manifest/task-needs-unknown", at, message, { value: need, suggestion });
  });
}

function checkConditions(context: RuleContext, task: Task, path: string, label: string): void {
  const { conditions = [] } = task;
  if (conditions.length > limits.taskConditionsMax) {
    const message = `${label} has ${conditions.length} conditions, the limit is ${limits.taskConditionsMax}`;
    context.error("manifest/task-invalid", `${path}.conditions`, message);
  }
  const declared = context.spec.initConditions?.values ?? [];
  const keys = declared.map(condition => condition.key);
  if (!keys.every(isText)) return;
  forEachAt(conditions, `${path}.conditions`, ({ key, value }, at) => {
    if (context.isMissing(`${at}.key`, key)) {
      context.error("manifest/condition-unknown", `${at}.key`, `a condition of ${label} has no key`);
    }
    if (key === undefined || key === "") return;
    const condition = declared.find(candidate => candidate.key === key);
    if (condition === undefined) {
      const suggestion = nearest(key, keys);
      const message = `${label} is tied to "${shorten(key)}", which is not declared.${didYouMean(suggestion)}`;
      context.error("manifest/condition-unknown", `${at}.key`, message, { value: key, suggestion });
    } else if (value === undefined) {
      if (!context.isMissing(`${at}.value`, value)) return;
      context.error(
        "manifest/condition-unknown",
        `${at}.value`,
        `the condition "${shorten(key)}" of ${label} has no value`,
      );
    } else if (
      condition.options !== undefined &&
      !condition.options.includes(value) &&
      !(value === "" && condition.nullable)
    ) {
      const suggestion = nearest(value, condition.options);
      const message = `${label} is tied to "${shorten(key)}" = "${shorten(value)}", which is not among its options: ${condition.options.join(", ")}`;
      context.error("manifest/condition-unknown", `${at}.value`, message, { value, suggestion });
    }
  });
}

/** Reports each cycle once, at the task where it was entered. */
function checkCycles(context: RuleContext, tasks: readonly { name: string; task: Task; at: string }[]): void {
  const byName = new Map(tasks.map(entry => [entry.name, entry]));
  const finished = new Set<string>();
  const visit = (name: string, trail: readonly string[]): void => {
    const start = trail.indexOf(name);
    if (start >= 0) {
      const cycle = [...trail.slice(start), name];
      const at = byName.get(trail.at(-1) ?? name)?.at ?? "playground.initTasks";
      context.error("manifest/task-cycle", `${at}.needs`, `tasks wait for each other: ${cycle.join(" → ")}`);
      return;
    }
    if (finished.has(name)) return;
    for (const need of byName.get(name)?.task.needs ?? []) visit(need, [...trail, name]);
    finished.add(name);
  };
  // More tasks than allowed are refused anyway, and this walk is as deep as the longest chain.
  for (const { name } of tasks.slice(0, limits.tasksMax)) visit(name, []);
}
