import type { PlayState, TaskState } from "../api/play-state.ts";
import type { Plan, TaskPlan } from "../plan/plan.ts";

/** What is known of a play before anything has happened. */
export function initialState(plan: Plan): PlayState {
  return {
    playId: plan.playId,
    stateEvents: [],
    machines: plan.machines.map(machine => ({
      name: machine.name,
      state: "CREATED",
      conditions: [{ name: "Ready", status: "False" }],
      resources: { vcpus: machine.vcpus, memoryMiB: machine.memoryMiB },
    })),
    tasks: plan.tasks.map(createdTask),
    notices: plan.notices.map(({ code, message, machine }) => ({
      code,
      message,
      ...(machine === undefined ? {} : { machine }),
    })),
    phases: {},
  };
}

function createdTask(task: TaskPlan): TaskState {
  return {
    name: task.name,
    machine: task.machine,
    user: task.user,
    init: true,
    helper: false,
    needs: task.needs,
    run: task.run,
    timeoutSeconds: task.timeoutSeconds,
    status: 10,
    version: 1,
    stdout: "",
    stderr: "",
  };
}
