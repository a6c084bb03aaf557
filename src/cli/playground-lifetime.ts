import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";

/** How long a play lives: what is left, how much it gets, and for good. */
export function registerLifetime(playground: Command, context: CliContext): void {
  playground
    .command("lifetime")
    .argument("<play-id>")
    .argument("[duration]", "e.g. 90m or 8h, counted from the start of the play", durationMinutes)
    .description("Show or set after which time a play is stopped")
    .action(async (id, minutes) => {
      const client = await connect(context);
      const play =
        minutes === undefined
          ? await client.getPlay(id)
          : await client.act(id, { action: "set_max_play_time", maxPlayTimeMinutes: minutes });
      const left = play.active ? ` (expires in ${Math.round(play.expiresIn / 60_000)} min)` : "";
      context.stdout.write(`${play.maxPlayTime}${left}\n`);
    });

  playground
    .command("persist")
    .argument("<play-id>")
    .description("Keep a play's drives after its time is over: it is stopped then, and never destroyed by itself")
    .action(async id => {
      await (await connect(context)).act(id, { action: "make_persistent" });
    });
}

/** "90m", "8h", "1h30m" as whole minutes. */
export function durationMinutes(text: string): number {
  const [, hours, minutes] = /^(?:(\d{1,5})h)?(?:(\d{1,7})m)?$/.exec(text) ?? [];
  const total = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  if (total >= 1) return total;
  throw new InvalidArgumentError("Write a duration such as 90m, 8h or 1h30m.");
}
