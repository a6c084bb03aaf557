import type { z } from "zod";

/** For a person who knows the format of a document: where it departs from it first. */
export function firstIssue({ issues: [issue] }: z.ZodError): string {
  if (issue === undefined) return "it is not as specified";
  return issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`;
}
