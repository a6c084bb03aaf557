import { randomBytes } from "node:crypto";
import type { FastifyError, FastifyInstance } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { Problem } from "../api/problems.ts";
import type { Log } from "../lib/log.ts";

/**
 * Every failed request answers with a problem in JSON. What we did not foresee is logged under an id and told as
 * "something went wrong": its text may hold anything.
 */
export function answerWithProblems(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.code !== "server/internal") {
      // What is not the asker's doing has to be found by the operator.
      if (problem.spec.status >= 500) request.log.warn({ code: problem.code, reason: problem.message }, "refused");
      return reply.code(problem.spec.status).send(problem.toJSON());
    }
    return reply.code(500).send(toldProblem(error, request.log, "unexpected failure").toJSON());
  });
}

/** The problem itself; of what we did not foresee only an id, under which the log has it after `event`. */
export function toldProblem(error: unknown, log: Pick<Log, "error">, event: string): Problem {
  if (error instanceof Problem && error.code !== "server/internal") return error;
  const id = randomBytes(6).toString("hex");
  log.error({ err: error, problemId: id }, event);
  return new Problem("server/internal", { message: `Something went wrong inside Labyard (id ${id})` });
}

/** Failures that the framework found in a request, in our words; everything else through the one door. */
function problemOf(error: FastifyError | Problem): Problem {
  if (error instanceof Problem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const findings = error.validation.map(({ instancePath, message }) => ({
      path: instancePath.replace(/^\//, "").replaceAll("/", "."),
      message: message ?? "is not valid",
    }));
    const [first] = findings;
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : "";
    const place = [error.validationContext, first?.path].filter(Boolean).join(".");
    return new Problem("server/bad-request", { message: `${place}: ${first?.message}${more}`, details: findings });
  }
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") return new Problem("server/body-too-large", { cause: error });
  if (error.code === "FST_ERR_NOT_FOUND") return new Problem("server/not-found", { cause: error });
  if (error.code?.startsWith("FST_ERR_CTP") || (error.statusCode !== undefined && error.statusCode < 500)) {
    return new Problem("server/bad-request", { cause: error });
  }
  return Problem.from(error);
}
