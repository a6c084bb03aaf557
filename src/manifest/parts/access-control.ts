import { list, part, text } from "../field.ts";

const principal = () =>
  text("`owner`, `anyone`, `authenticated`, `user:<id>`, `github:<handle>`, `student:<training>`, `nobody`, …");

export const accessControlSchema = part(
  {
    canList: list(principal(), "Who sees it in catalogues and search."),
    canRead: list(principal(), "Who may open its page and dump its manifest."),
    canStart: list(principal(), "Who may start a play of it."),
  },
  "Three independent lists of at most 200 principals each.",
  { noun: "accessControl", code: "manifest/access-control" },
);
