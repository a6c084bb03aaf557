import type { z } from "zod";
import { flag, list, part, text } from "../field.ts";

export const initConditionSchema = part(
  {
    key: text("Name of the parameter; spaces are allowed.", { code: "manifest/init-condition-key" }),
    default: text("Pre-selected value.", { code: "manifest/init-condition-options", default: "empty" }).optional(),
    nullable: flag("True: the value may be left empty.", { default: "false" }).optional(),
    options: list(text("A value."), "The values to choose from, at most 100; any other is refused.", {
      emptyIsAbsent: true,
    }).optional(),
    placeholder: text("Hint shown in the empty input.").optional(),
    validationRegex: text("Regular expression a free value must match somewhere.", {
      code: "manifest/init-condition-regex",
    }).optional(),
  },
  "A parameter chosen when the playground is started.",
  { noun: "init condition" },
);

export const initConditionsSchema = part(
  {
    values: list(initConditionSchema, "At most 20 parameters.", { emptyIsAbsent: true }),
  },
  "Parameters of the playground.",
  { noun: "init conditions" },
);

export type InitCondition = z.infer<typeof initConditionSchema>;
