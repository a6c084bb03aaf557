import type { ProblemTable } from "./spec.ts";

export const vmProblems = {
  "kernel/unknown-version": {
    owner: "author",
    status: 422,
    title: "This kernel version is not in the catalogue",
    hint: "Leave the kernel out to get the default one.",
  },
  "kernel/not-obtainable": {
    owner: "operator",
    status: 503,
    title: "The kernel cannot be fetched on this host",
  },
  "kernel/name-invalid": { owner: "user", status: 400, title: "This cannot be the name of a kernel" },
  "kernel/exists": {
    owner: "user",
    status: 409,
    title: "A kernel of this name is installed already",
    hint: "'labyard kernel remove NAME' makes room for another one, or for a newer package of the same line.",
  },
  "kernel/in-use": {
    owner: "user",
    status: 409,
    title: "Machines run on this kernel",
    hint: "Stop those plays first; they take the new kernel when they start again.",
  },
  "kernel/package-unusable": {
    owner: "operator",
    status: 500,
    title: "The kernel package does not contain what a machine needs",
  },
  "vm/start-failed": {
    owner: "operator",
    status: 500,
    title: "The virtual machine monitor did not start",
    hint: "Its own words are below. 'labyard doctor' checks what it needs.",
  },
  "vm/no-acceleration": {
    owner: "operator",
    status: 500,
    title: "QEMU runs no kernel on this host, neither with KVM nor in software",
    hint: "Run 'labyard doctor' for the reasons.",
  },
} as const satisfies ProblemTable;
