import type { ProblemTable } from "./spec.ts";

export const contentProblems = {
  "content/path-invalid": {
    owner: "author",
    status: 400,
    title: "The path of a content file is not valid",
    hint: "Use a relative path below the playground's directory, e.g. __static__/cover.png.",
  },
  "content/file-too-large": { owner: "author", status: 413, title: "A content file is too large" },
  "content/too-much": {
    owner: "author",
    status: 409,
    title: "The content files of a playground are too many or too large together",
    hint: "Remove files that are not needed, or ask the operator for more room (content in config.yaml).",
  },
} as const satisfies ProblemTable;
