import assert from "node:assert/strict";
import { test } from "node:test";
import type { Channel } from "./channel.ts";
import { type ChannelKeeper, ChannelsDropped } from "./channel-keeper.ts";
import { watchReadiness } from "./readiness.ts";

/** Watches a machine whose connections end as told, one after the other, and returns what was said about it. */
async function watched(attempts: Array<() => Promise<Partial<Channel>>>): Promise<string[]> {
  const over = new AbortController();
  const said: string[] = [];
  const get = () => {
    const attempt = attempts.shift();
    if (attempt !== undefined) return attempt() as Promise<Channel>;
    over.abort(new Error("enough"));
    return Promise.reject(over.signal.reason);
  };
  await watchReadiness({
    keeper: { get } as unknown as ChannelKeeper,
    machine: "box",
    signal: over.signal,
    deadlineMs: 1000,
    onReady: () => said.push("ready"),
    onLost: reason => said.push(`lost: ${reason}`),
    onLate: problem => said.push(`late: ${problem.code}`),
  });
  return said;
}

test("a machine that restarts while it is waited for is not late", async () => {
  const said = await watched([
    async () => ({ closed: Promise.resolve("the service has ended") }),
    () => Promise.reject(new ChannelsDropped("rebooting")),
    async () => ({ closed: Promise.resolve("gone") }),
  ]);
  assert.deepEqual(said, ["ready", "lost: the service has ended", "ready", "lost: gone"]);
});

test("one that does not answer in time is, and is watched further", async () => {
  const said = await watched([
    () => Promise.reject(new Error("no answer")),
    async () => ({ closed: Promise.resolve("gone") }),
  ]);
  assert.deepEqual(said, ["late: server/internal", "ready", "lost: gone"]);
});
