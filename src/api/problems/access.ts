import type { ProblemTable } from "./spec.ts";

export const accessProblems = {
  "access/machine-unknown": { owner: "user", status: 404, title: "The play has no such machine" },
  "access/user-unknown": {
    owner: "user",
    status: 404,
    title: "The machine has no such user",
    hint: "Only users that the manifest lists for the machine can log in.",
  },
  "access/no-ssh": {
    owner: "author",
    status: 403,
    title: "The machine does not offer a shell",
    hint: 'Its manifest says "noSSH: true". Remove it to allow terminals and ssh.',
  },
  "access/port-invalid": { owner: "user", status: 400, title: "The port must be a whole number from 1 to 65535" },
  "access/port-refused": {
    owner: "user",
    status: 502,
    title: "Nothing listens on this port",
    hint: "The program may still be starting, or listen on 127.0.0.1 only: it has to listen on 0.0.0.0.",
  },
  "access/port-unreachable": {
    owner: "user",
    status: 502,
    title: "The machine could not be reached",
    hint: "It may be booting, stopped, or have lost its network configuration.",
  },
  "access/port-timeout": {
    owner: "user",
    status: 502,
    title: "The machine did not answer in time",
    hint: "It may be booting, or drop packets to this port.",
  },
  "access/terminal-unknown": {
    owner: "user",
    status: 404,
    title: "This terminal does not exist any more",
    hint: "Open a new one.",
  },
  "access/terminal-limit": {
    owner: "user",
    status: 409,
    title: "The play has too many open terminals",
    hint: "Close one that is no longer needed.",
  },
  "access/registry-failed": {
    owner: "operator",
    status: 500,
    title: "The registry of the play cannot be kept running",
    hint: "Its last words are in the details. The next push or pull tries again; 'labyard doctor' says whether docker-registry is installed.",
  },
  "access/tunnel-payload": {
    owner: "user",
    status: 400,
    title: "A tunnel was asked for something that cannot be read",
  },
  "access/tunnel-limit": {
    owner: "user",
    status: 503,
    title: "The play has too many open tunnel connections",
    hint: "Close some of them.",
  },
  "access/connection-unknown": {
    owner: "user",
    status: 404,
    title: "This connection does not wait any more",
    hint: "A connection to a reverse forward is kept for 15 seconds.",
  },
  "access/listen-refused": {
    owner: "user",
    status: 409,
    title: "The machine could not listen on this port",
    hint: "Another program in the machine, or another forward, may use it already.",
  },
  "access/ssh-key": { owner: "user", status: 400, title: "The ssh public key cannot be used" },
  "access/machine-booting": {
    owner: "user",
    status: 503,
    title: "The machine is still starting",
    hint: "Try again: the official client does so by itself for 25 minutes.",
  },
} as const satisfies ProblemTable;
