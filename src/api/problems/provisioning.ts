import type { ProblemTable } from "./spec.ts";

export const provisioningProblems = {
  "provisioning/channel-timeout": {
    owner: "author",
    status: 500,
    title: "The machine's platform channel did not answer in time",
    hint: "Look at the machine's console: it shows how far the boot came. The image needs an OpenSSH server.",
  },
  "provisioning/channel-refused": {
    owner: "author",
    status: 500,
    title: "The machine refused the platform's key",
    hint: "The account may not exist in the image, or be locked.",
  },
  "provisioning/host-key-mismatch": {
    owner: "operator",
    status: 500,
    title: "Another machine answered: its host key is not the one it was given",
    hint: "Something in the play took over the machine's address. Check the addresses inside the machines, then reboot them.",
  },
  "provisioning/connection-lost": {
    owner: "user",
    status: 502,
    title: "The connection to the machine was lost",
    hint: "The machine may be rebooting or out of memory; its console tells. Try again when it is ready.",
  },
  "provisioning/session-refused": {
    owner: "operator",
    status: 502,
    title: "The machine did not start the command",
    hint: "The machine may be out of memory or processes.",
  },
  "provisioning/too-many-channels": {
    owner: "user",
    status: 409,
    title: "Too many users of this play have open connections",
    hint: "Close terminals that are no longer needed.",
  },
  "provisioning/command-timeout": {
    owner: "author",
    status: 500,
    title: "A command in the machine did not finish in time",
  },
  "provisioning/output-too-large": {
    owner: "author",
    status: 500,
    title: "A command in the machine printed too much",
  },
  "provisioning/file-failed": {
    owner: "author",
    status: 500,
    title: "A file in the machine could not be read or written",
  },
  "provisioning/task-unknown": { owner: "user", status: 404, title: "The play has no such task" },
  "provisioning/task-not-failed": {
    owner: "user",
    status: 409,
    title: "The task is not in a state that allows this",
    hint: "Only a failed task can be retried; only one that is failed or waiting can be skipped.",
  },
  "provisioning/seed-path": {
    owner: "author",
    status: 400,
    title: "A path or name of the manifest cannot be used in a machine",
    hint: "Paths and names may not be empty or contain tabs, line ends and other control characters.",
  },
} as const satisfies ProblemTable;
