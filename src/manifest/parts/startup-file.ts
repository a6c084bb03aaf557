import type { z } from "zod";
import { flag, part, text } from "../field.ts";

export const startupFileSchema = part(
  {
    path: text("Absolute path, at most 4095 bytes, each component at most 255; parent directories are created.", {
      code: "manifest/startup-file-path",
    }),
    content: text("Content, written byte for byte.", { code: "manifest/startup-file-content" }),
    mode: text("Permissions as octal digits, e.g. `600`.", {
      code: "manifest/startup-file-mode",
      form: "mode",
      default: "`644`",
    }).optional(),
    owner: text("`user`, `user:group`, `uid` or `uid:gid`.", {
      code: "manifest/startup-file-owner",
      default: "`0:0`",
    }).optional(),
    append: flag("Append instead of replace.", { default: "false" }).optional(),
  },
  "A file written before the machine's init starts, once in the life of its drive.",
  { noun: "startup file" },
);

export type StartupFile = z.infer<typeof startupFileSchema>;
