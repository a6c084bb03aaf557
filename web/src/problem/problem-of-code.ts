import { Problem, type ProblemCode, problems } from "../../../src/api/problems.ts";

/** A problem that came by an address: only its code is believed, the words are ours. */
export function problemOfCode(code: string | null): Problem | undefined {
  return code !== null && Object.hasOwn(problems, code) ? new Problem(code as ProblemCode) : undefined;
}
