import type { ProblemTable } from "./spec.ts";

export const playgroundProblems = {
  "playground/action-not-allowed": { owner: "user", status: 409, title: "The play is not in a state that allows this" },
  "playground/runner-gone": {
    owner: "operator",
    status: 409,
    title: "The process that owned this play has ended",
    hint: "Restart the play: its drives are kept.",
  },
  "playground/machine-died": { owner: "operator", status: 500, title: "A machine stopped unexpectedly" },
  "playground/machine-not-ready": { owner: "author", status: 500, title: "A machine did not become ready in time" },
  "playground/preparation-died": {
    owner: "operator",
    status: 500,
    title: "Preparing the images of the play ended unexpectedly",
    hint: "Restart the play; what was fetched so far is kept. If it happens again, check memory and disk of the host.",
  },
  "playground/runner-did-not-start": {
    owner: "operator",
    status: 500,
    title: "The process that runs the play did not start",
    hint: "Run 'labyard doctor': it checks namespaces and networking by using them.",
  },
} as const satisfies ProblemTable;
