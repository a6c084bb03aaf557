import type { z } from "zod";
import { choice, flag, integer, part, text } from "../field.ts";

export const tabKinds = ["terminal", "ide", "http-port", "web-page", "kexp"] as const;

export const tabSchema = part(
  {
    id: text("Identifier; set it to tell several tabs of one kind on one machine apart.", {
      default: "`<kind>-<machine>`",
    }).optional(),
    kind: choice(tabKinds, "What the tab shows.", { code: "manifest/tab-kind", fill: "terminal" }),
    name: text("Label; required for `http-port` and `web-page`.", { code: "manifest/tab-name-missing" }).optional(),
    machine: text("The machine it belongs to.", {
      code: "manifest/tab-machine",
      default: "the first machine",
    }).optional(),
    number: integer("The port an `http-port` tab shows.", { code: "manifest/tab-number" }).optional(),
    access: choice(["private", "public"], "Who may open the port of an `http-port` tab.", {
      code: "manifest/tab-option",
      default: "`private`",
    }).optional(),
    tls: flag("True when the server in the machine speaks HTTPS; its certificate is not verified.", {
      default: "false",
    }).optional(),
    hostRewrite: text("Host name sent to the app instead of the visitor's.").optional(),
    pathRewrite: text("Put in front of the request path; starts with `/`.", {
      code: "manifest/tab-path-rewrite",
    }).optional(),
    url: text("The page a `web-page` tab shows.", { code: "manifest/tab-url" }).optional(),
    pane: choice(["left", "right"], "Layout hint.", { code: "manifest/tab-option" }).optional(),
  },
  "A pane of the playground's page. A bare `machine: <name>` is a terminal.",
  { noun: "tab", misspellings: { port: "number", host: "hostRewrite", path: "pathRewrite" } },
);

export type Tab = z.infer<typeof tabSchema>;
export type TabKind = (typeof tabKinds)[number];
