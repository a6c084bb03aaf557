import { setTimeout as delay } from "node:timers/promises";
import { Problem } from "../api/problems.ts";
import type { Channel } from "./channel.ts";
import { type ChannelKeeper, ChannelsDropped } from "./channel-keeper.ts";

export interface ReadinessOptions {
  keeper: ChannelKeeper;
  machine: string;
  signal: AbortSignal;
  /** How long the machine may take to answer, at first and after each loss. */
  deadlineMs: number;
  /** The platform channel answers: the machine is ready. */
  onReady(channel: Channel): void;
  /** The channel was lost: the machine reboots, or is in trouble. */
  onLost(reason: string): void;
  /** It did not answer in time. Watching goes on: an operator may still repair it. */
  onLate(problem: Problem): void;
}

/** Follows a machine's readiness until `signal` aborts; then it resolves. Never rejects. */
export async function watchReadiness(options: ReadinessOptions): Promise<void> {
  const { keeper, machine, signal, deadlineMs } = options;
  const aborted = new Promise<string>(resolve => {
    signal.addEventListener("abort", () => resolve("cancelled"), { once: true });
  });
  while (!signal.aborted) {
    try {
      const channel = await keeper.get(machine, "root", { signal, deadlineMs });
      options.onReady(channel);
      const reason = await Promise.race([channel.closed, aborted]);
      if (!signal.aborted) options.onLost(reason);
    } catch (error) {
      if (signal.aborted) return;
      // A machine that restarts is waited for anew; that is not late.
      if (!(error instanceof ChannelsDropped)) options.onLate(Problem.from(error));
      await delay(1000, undefined, { signal }).catch(() => {
        // Aborted: the loop ends.
      });
    }
  }
}
