import { z } from "zod";
import { integerSchema } from "./common.ts";

const machine = z.string().min(1);

/** Ten years. Beyond some 290 the official client cannot read a duration, and later still no clock can. */
export const longestPlayTimeMinutes = 3650 * 24 * 60;

/** Everything one can do to a play, in the words of the official client. */
export const playActionSchema = z.discriminatedUnion("action", [
  z.object({ action: z.literal("stop") }),
  z.object({ action: z.literal("restart") }),
  z.object({ action: z.literal("destroy") }),
  z.object({ action: z.literal("make_persistent") }),
  z.object({ action: z.literal("set_title"), title: z.string().trim().max(120) }),
  z.object({
    action: z.literal("set_max_play_time"),
    maxPlayTimeMinutes: integerSchema.min(1).max(longestPlayTimeMinutes),
  }),
  z.object({ action: z.literal("machine.reboot"), machine }),
  z.object({ action: z.literal("machine.stop"), machine }),
  z.object({ action: z.literal("machine.restart"), machine }),
  z.object({ action: z.literal("machine.console.list"), machine }),
  z.object({ action: z.literal("machine.console.read"), machine, console: z.string().min(1) }),
]);
export type PlayAction = z.infer<typeof playActionSchema>;
