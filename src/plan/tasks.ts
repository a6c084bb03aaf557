import { defaults } from "../manifest/limits.ts";
import type { InitTask, TaskCondition } from "../manifest/schema.ts";
import { Problem } from "../api/problems.ts";
import type { TaskPlan } from "./plan.ts";

/**
 * The tasks that exist in this play, each after those it needs and otherwise in manifest order.
 *
 * A task whose conditions do not match does not exist; whoever needs it does not wait for it (a cluster task may
 * need both variants of a runtime of which one was chosen). Throws `manifest/task-cycle` rather than dropping tasks.
 */
export function planTasks(
  tasks: Readonly<Record<string, InitTask>>,
  initConditions: Readonly<Record<string, string>>,
  onlyMachine: string | undefined,
): TaskPlan[] {
  const present = Object.entries(tasks).filter(([, task]) => matches(task.conditions ?? [], initConditions));
  const names = new Set(present.map(([name]) => name));
  const waiting = present.map(([name, task]): TaskPlan => {
    const machine = task.machine ?? onlyMachine;
    if (machine === undefined) {
      throw new Problem("manifest/task-invalid", { message: `task "${name}" does not say on which machine it runs` });
    }
    return {
      name,
      machine,
      user: task.user ?? defaults.taskUser,
      run: task.run,
      needs: [...new Set(task.needs ?? [])].filter(need => names.has(need)),
      timeoutSeconds: task.timeout_seconds ?? defaults.taskTimeoutSeconds,
    };
  });
  return inOrderOfNeed(waiting);
}

/** All keys must match; the same key given twice means any of its values. */
function matches(conditions: readonly TaskCondition[], chosen: Readonly<Record<string, string>>): boolean {
  const values = Map.groupBy(conditions, condition => condition.key);
  return [...values].every(([key, allowed]) =>
    allowed.some(({ value }) => Object.hasOwn(chosen, key) && chosen[key] === value),
  );
}

function inOrderOfNeed(tasks: readonly TaskPlan[]): TaskPlan[] {
  const ordered: TaskPlan[] = [];
  const done = new Set<string>();
  let waiting = [...tasks];
  while (waiting.length > 0) {
    const next = waiting.find(task => task.needs.every(need => done.has(need)));
    if (!next) {
      throw new Problem("manifest/task-cycle", {
        message: `tasks wait for each other: ${waiting.map(task => task.name).join(", ")}`,
      });
    }
    ordered.push(next);
    done.add(next.name);
    waiting = waiting.filter(task => task !== next);
  }
  return ordered;
}
