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
