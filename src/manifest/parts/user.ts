import { flag, part, text } from "../field.ts";

export const userSchema = part(
  {
    name: text("Login name; must exist in the image. `root` is always available, listed or not.", {
      code: "manifest/user-name",
    }),
    default: flag("The user that terminals, ssh and cp log in as.", { default: "the first listed user" }).optional(),
    welcome: text("Text shown at the first login; `'-'` shows nothing.", { default: "the image's own" }).optional(),
  },
  "A user of a machine.",
  { noun: "user" },
);
