import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Channel } from "./channel.ts";
import type { WaitOptions } from "./channel-keeper.ts";
import { shellCommand } from "./shell-quote.ts";

/** Finite, because a unit may itself wait for an init task. */
const bootQueueCapMs = 120_000;

// The shim has left a word about the image's init. systemctl before version 240 does not know --wait and answers at
// once. OpenRC names the runlevel it is in or about to enter, and keeps a mark as long as it starts services; between
// runlevels there is a moment without the mark, hence the second look.
const question = `
level() {
  read -r level </run/openrc/softlevel && [ ! -e /run/openrc/rc.starting ] || return 1
  case $level in sysinit | boot | shutdown | reboot | single) return 1 ;; esac
}
case $(cat /run/labyard/init) in
  systemd) command -v systemctl >/dev/null && { systemctl is-system-running --wait 2>/dev/null || :; } || echo none ;;
  openrc) level 2>/dev/null && sleep 1 && level && echo "$level" || echo starting ;;
  *) echo none ;;
esac`;
// The channel answers before the image's init has taken over: until then systemctl finds nobody to ask.
const unfinished = new Set(["initializing", "starting", "offline", "unknown"]);

/**
 * Waits until systemd has started everything it wanted to start (failed units included), or OpenRC its runlevel, at
 * most `capMs`. Machines with another init are not waited for. Returns systemd's word or OpenRC's runlevel, "none", or
 * "unknown" when time was up.
 */
export async function waitForBootQueue(
  channel: (options: WaitOptions) => Promise<Channel>,
  signal: AbortSignal,
  capMs = bootQueueCapMs,
): Promise<string> {
  const deadline = performance.now() + capMs;
  for (;;) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return "unknown";
    try {
      const root = await channel({ signal, deadlineMs: leftMs });
      const answer = await root.exec(shellCommand(["/bin/sh", "-c", question]), { signal, timeoutMs: leftMs });
      // The last line: login shells may print before it.
      const state = answer.stdout.trim().split(/\s+/).at(-1) ?? "";
      if (state !== "" && !unfinished.has(state)) return state;
    } catch {
      // Not answered in time, or the connection was lost: asked again while there is time.
      signal.throwIfAborted();
    }
    await delay(1000, undefined, { signal });
  }
}
