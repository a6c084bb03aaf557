import assert from "node:assert/strict";
import { test } from "node:test";
import type { Vm, VmExit } from "../../vm/machine.ts";
import { runCopy } from "./await-copy.ts";

/** A machine that says what `live` lets it say, and nothing else. */
class FakeMachine implements Pick<Vm, "exited" | "kill"> {
  readonly #exit = Promise.withResolvers<VmExit>();
  readonly #listeners = new Set<(chunk: Buffer) => void>();
  readonly exited = this.#exit.promise;
  text = "";
  reason: VmExit["reason"] | undefined;
  readonly console = {
    lastLines: (count: number) => this.#lines().slice(-count),
    tail: () => Buffer.from(this.text),
    onOutput: (listener: (chunk: Buffer) => void) => {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    },
    write: () => true,
  };

  say(line: string): void {
    this.text += `${line}\n`;
    for (const listener of this.#listeners) listener(Buffer.from(line));
  }

  end(reason: VmExit["reason"]): Promise<VmExit> {
    this.reason ??= reason;
    this.#exit.resolve({ reason: this.reason, exitCode: 0, signal: null, stderr: "", consoleLines: this.#lines() });
    return this.exited;
  }

  kill(): Promise<VmExit> {
    return this.end("killed");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #lines(): string[] {
    return this.text.split("\n").filter(line => line !== "");
  }
}

/** Runs a copy by machines that do, one after the other, what `lives` say. */
async function copyBy(...lives: Array<(machine: FakeMachine) => void>) {
  const machines: FakeMachine[] = [];
  const used: number[] = [];
  const start = async () => {
    assert.ok(
      machines.every(({ reason }) => reason !== undefined),
      "two machines would write to one drive",
    );
    const machine = new FakeMachine();
    const live = lives[machines.push(machine) - 1] ?? assert.fail("one more machine was started");
    // Once somebody listens, and before any timer.
    setImmediate(live, machine);
    return machine as unknown as Vm;
  };
  const end = await runCopy(start, {
    filesystem: "btrfs",
    signal: AbortSignal.timeout(60_000),
    onProgress: bytes => used.push(bytes),
    silenceMaxMs: 100,
  }).then(
    () => "done",
    (error: Error) => error.message,
  );
  return { end, used, ends: machines.map(({ reason }) => reason) };
}

const hang = () => {};

function copy(machine: FakeMachine): void {
  machine.say("labyard-copy: begins");
  machine.say("labyard-copy: used 12");
  machine.say("labyard-copy: done");
  void machine.end("shutdown");
}

test("a machine that says nothing is ended and started anew, once", async () => {
  assert.deepEqual(await copyBy(hang, copy), { end: "done", used: [12 * 1024], ends: ["killed", "shutdown"] });
});

test("a machine that hangs after its kernel has complained is started anew, too", async () => {
  const complain = (machine: FakeMachine) => machine.say("[    0.1] something is odd");
  assert.deepEqual((await copyBy(complain, copy)).ends, ["killed", "shutdown"]);
});

test("the second may be silent for longer, and is the last", async () => {
  const takeLong = (machine: FakeMachine) => void setTimeout(copy, 300, machine);
  assert.deepEqual(await copyBy(hang, takeLong), { end: "done", used: [12 * 1024], ends: ["killed", "shutdown"] });
});

test("a machine whose init has spoken is never taken for one that hangs", async () => {
  const pause = (machine: FakeMachine) => {
    machine.say("labyard-copy: begins");
    setTimeout(copy, 300, machine);
  };
  assert.deepEqual(await copyBy(pause), { end: "done", used: [12 * 1024], ends: ["shutdown"] });
});

test("a machine that fails or ends by itself is not started anew", async () => {
  const end = (machine: FakeMachine) => void machine.end("panic");
  assert.deepEqual(await copyBy(end), {
    end: "the machine that fills the drive could not do it: it ended early",
    used: [],
    ends: ["panic"],
  });
});
