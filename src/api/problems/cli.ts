import type { ProblemTable } from "./spec.ts";

export const cliProblems = {
  "cli/no-server": {
    owner: "user",
    status: 500,
    title: "There is no server to talk to",
    hint: "Start one with 'npm start' (or 'labyard serve'), or set LABYARD_HOME to the home of a running one.",
  },
  "cli/usage": { owner: "user", status: 400, title: "The command line is not valid" },
  "cli/file-unreadable": { owner: "user", status: 400, title: "A file cannot be read" },
  "cli/manifest-invalid": {
    owner: "author",
    status: 400,
    title: "The manifest cannot be used as written",
    hint: "Correct the errors above; 'labyard manifest check FILE' shows them without submitting.",
  },
  "cli/start-failed": { owner: "operator", status: 500, title: "The play did not start" },
} as const satisfies ProblemTable;
