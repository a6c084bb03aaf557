import type { ProblemTable } from "./spec.ts";

export const networkProblems = {
  "network/no-egress-range": {
    owner: "author",
    status: 422,
    title: "The networks of the play cover every range that its uplink could use",
    hint: "Make one of the networks smaller, for example a /24 of 10.0.0.0/8.",
  },
  "network/setup-failed": {
    owner: "operator",
    status: 500,
    title: "The network of the play could not be set up",
    hint: "Run 'labyard doctor': it tries every step and says which one this host refuses.",
  },
  "network/resolver-failed": {
    owner: "operator",
    status: 500,
    title: "The name server of the play keeps failing",
    hint: "Restart the play; its machines still know each other by their hosts files.",
  },
} as const satisfies ProblemTable;
