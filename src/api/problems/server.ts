import type { ProblemTable } from "./spec.ts";

export const serverProblems = {
  "server/internal": {
    owner: "bug",
    status: 500,
    title: "Something went wrong inside Labyard",
    hint: "The server's log has the details under this id. Please report it.",
  },
  "server/bad-request": { owner: "user", status: 400, title: "The request is not valid" },
  "server/not-authenticated": { owner: "user", status: 401, title: "Authentication required" },
  "server/forbidden": { owner: "user", status: 403, title: "You may not do this" },
  "server/not-found": { owner: "user", status: 404, title: "Not found" },
} as const satisfies ProblemTable;
