import type { ProblemTable } from "./spec.ts";

export const serverProblems = {
  "server/internal": {
    owner: "bug",
    status: 500,
    title: "Something went wrong inside Labyard",
    hint: "The server's log has the details under this id. Please report it.",
  },
  "server/bad-request": { owner: "user", status: 400, title: "The request is not valid" },
  "server/not-authenticated": {
    owner: "user",
    status: 401,
    title: "Authentication required",
    hint: "Log in first: 'labyard login-url' prints a one-time login URL on the machine where the server runs.",
  },
  "server/login-code-invalid": {
    owner: "user",
    status: 401,
    title: "This login link has been used already or is too old",
    hint: "Run 'labyard login-url' on the machine where the server runs to get a new one.",
  },
  "server/forbidden": { owner: "user", status: 403, title: "You may not do this" },
  "server/cross-site": {
    owner: "user",
    status: 403,
    title: "The request came from another site and was refused",
    hint: "Open Labyard under the address that its server printed at start.",
  },
  "server/ticket-invalid": {
    owner: "user",
    status: 403,
    title: "The ticket of this connection has been used already or is too old",
    hint: "Ask for a new one; reloading the page does that.",
  },
  "server/not-found": { owner: "user", status: 404, title: "Not found" },
  "server/conflict": { owner: "user", status: 409, title: "Something with this name exists already" },
  "server/too-many-plays": {
    owner: "user",
    status: 409,
    title: "You have reached the number of plays that may be active at the same time",
    hint: "Stop or destroy a play first.",
  },
  "server/too-many-ports": {
    owner: "user",
    status: 409,
    title: "This play has reached the number of ports it may expose",
    hint: "Remove an exposed port first.",
  },
  "server/too-many-shells": {
    owner: "user",
    status: 409,
    title: "This play has reached the number of shells it may share",
    hint: "Remove a shared shell first.",
  },
  "server/body-too-large": { owner: "user", status: 413, title: "The request is too large" },
  "server/rate-limited": {
    owner: "user",
    status: 429,
    title: "Too many attempts",
    hint: "Wait a minute, then try again.",
  },
  "server/unreachable": {
    owner: "user",
    status: 503,
    title: "No Labyard server answers",
    hint: "Start it with 'npm start' or 'labyard serve'.",
  },
  "server/already-running": {
    owner: "operator",
    status: 409,
    title: "Another Labyard server is already using this home directory",
    hint: "Use the running server, stop it first, or choose another directory with LABYARD_HOME.",
  },
  "server/listen-failed": {
    owner: "operator",
    status: 500,
    title: "The server could not listen on its address",
    hint: "Choose another port with --port or under 'listen' in config.yaml.",
  },
  "server/config-invalid": { owner: "operator", status: 500, title: "config.yaml cannot be used as written" },
  "server/database-newer": {
    owner: "operator",
    status: 500,
    title: "The database was written by a newer version of Labyard",
    hint: "Upgrade Labyard, or restore the backup that was made before the upgrade.",
  },
} as const satisfies ProblemTable;
