import { z } from "zod";

/** Reply to the action machine.console.list. */
export const consoleListSchema = z.object({ consoles: z.array(z.string()) }).meta({ id: "ConsoleList" });
export type ConsoleList = z.infer<typeof consoleListSchema>;

/** Reply to the action machine.console.read: the last 256 KiB at most. */
export const consoleContentSchema = z.object({ content: z.string() }).meta({ id: "ConsoleContent" });
export type ConsoleContent = z.infer<typeof consoleContentSchema>;
