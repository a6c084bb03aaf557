import type { ProblemSpec, ProblemTable } from "./spec.ts";

const author = (title: string, hint?: string): ProblemSpec => ({
  owner: "author",
  status: 422,
  title,
  ...(hint === undefined ? {} : { hint }),
});

/** What can go wrong with a build script. The codes of its findings stand here too. */
export const buildProblems = {
  "build/package-unreadable": author(
    "The package of the build script cannot be read",
    "A package is a build script (TOML), a directory with build.toml, or such a directory as tar or tar.gz.",
  ),
  "build/script-invalid": author("The build script cannot be used as written"),
  "build/syntax": author("The build script is not TOML"),
  "build/unknown-key": author("A key of the build script is not known"),
  "build/missing-key": author("A key of the build script is missing"),
  "build/wrong-type": author("A value of the build script has the wrong type"),
  "build/bad-value": author("A value of the build script cannot be used"),
  "build/conflict": author("Two parts of the build script exclude each other"),
  "build/missing-reference": author("The build script refers to a file that its package does not have"),
  "build/no-effect": author("A part of the build script has no effect"),
  "build/doubtful": author("A part of the build script may not do what it looks like"),
  "build/destination-unusable": author("The output cannot be written there"),
  "build/engine-unreachable": {
    owner: "operator",
    status: 503,
    title: "The container engine does not answer",
    hint: "Start its service, or name its socket with container.connection_uri.",
  },
  "build/engine-failed": { owner: "operator", status: 502, title: "The container engine refused a request" },
  "build/pull-failed": author("The container image cannot be pulled"),
  "build/command-failed": author("A command of the build script failed"),
  "build/lossy": author(
    "The filesystem cannot hold what the image contains",
    'Choose Ext4, or accept the loss with "lossy = true" in [filesystem] (version = 2).',
  ),
  "build/too-small": author("The content does not fit the filesystem", "Raise size_mib."),
} as const satisfies ProblemTable;
