import { z } from "zod";
import { emptyReplySchema } from "../../api/contract/common.ts";
import { playParamsSchema } from "../../api/contract/plays.ts";
import { listTasksQuerySchema, type TaskDetails, taskDetailsSchema } from "../../api/contract/tasks.ts";
import type { TaskState } from "../../api/play-state.ts";
import { requireUser } from "../auth/requester.ts";
import type { Services } from "../services.ts";
import type { ZodApp } from "../zod-app.ts";

/** Init tasks with their output, and what their owner can do about a failed one. */
export function playTaskRoutes(app: ZodApp, { ownedPlays, plays }: Pick<Services, "ownedPlays" | "plays">): void {
  const tags = ["tasks"];

  app.get(
    "/plays/:id/tasks",
    {
      schema: {
        tags,
        params: playParamsSchema,
        querystring: listTasksQuerySchema,
        response: { 200: z.array(taskDetailsSchema) },
      },
    },
    async request => {
      const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:read"));
      const machines = [request.query.machine ?? []].flat();
      const tasks = await plays.tasks(row.id);
      return tasks.filter(task => machines.length === 0 || machines.includes(task.machine)).map(taskDetails);
    },
  );

  const params = playParamsSchema.extend({ name: z.string().max(200) });
  const schema = { tags, params, response: { 200: emptyReplySchema } };

  app.post("/plays/:id/tasks/:name/retry", { schema }, async request => {
    const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:write"));
    await plays.retryTask(row.id, request.params.name);
    return {};
  });

  app.post("/plays/:id/tasks/:name/skip", { schema }, async request => {
    const row = await ownedPlays.require(request.params.id, requireUser(request, "playground:write"));
    await plays.skipTask(row.id, request.params.name);
    return {};
  });
}

function taskDetails(task: TaskState): TaskDetails {
  return {
    ...task,
    timeoutSeconds: Math.round(task.timeoutSeconds),
    ...(task.lastDurationMs === undefined ? {} : { lastDurationMs: Math.round(task.lastDurationMs) }),
  };
}
