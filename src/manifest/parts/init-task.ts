import type { z } from "zod";
import { flag, integer, list, part, text } from "../field.ts";

export const taskConditionSchema = part(
  {
    key: text("Key of an init condition.", { code: "manifest/condition-unknown" }),
    value: text("The value that must have been chosen.", { code: "manifest/condition-unknown" }),
  },
  "One condition of a task.",
  { noun: "condition" },
);

export const initTaskSchema = part(
  {
    machine: text("The machine to run on.", {
      code: "manifest/task-invalid",
      default: "the only machine, when there is one",
    }).optional(),
    init: flag("Write `true`: every task of a playground is an init task.", { default: "false" }).optional(),
    user: text("The user who runs the script.", { default: "`root`" }).optional(),
    timeout_seconds: integer("1 to 86400.", {
      code: "manifest/task-invalid",
      form: "seconds",
      default: "60",
    }).optional(),
    needs: list(
      text("Name of a task."),
      "Tasks that must have completed first, at most 100; they may run on other machines.",
      {
        emptyIsAbsent: true,
      },
    ).optional(),
    run: text("The script, executed by bash.", { code: "manifest/task-invalid" }),
    conditions: list(taskConditionSchema, "Run the task only if these init-condition values were chosen; at most 20.", {
      emptyIsAbsent: true,
    }).optional(),
  },
  "A script executed once, when the playground starts.",
  {
    noun: "task",
    aliases: { timeoutSeconds: "timeout_seconds" },
    misspellings: {
      timeout: "timeout_seconds",
      script: "run",
      command: "run",
      dependsOn: "needs",
      depends_on: "needs",
    },
    ignored: ["name", "status"],
    contentOnly: ["env", "hintcheck", "failcheck", "helper", "destination"],
  },
);

export type InitTask = z.infer<typeof initTaskSchema>;
export type TaskCondition = z.infer<typeof taskConditionSchema>;
