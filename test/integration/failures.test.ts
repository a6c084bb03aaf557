import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { currentState, type PlayState } from "../../src/api/play-state.ts";
import { run } from "../../src/host/process.ts";
import { guestSays } from "../fixtures/guest-exec.ts";
import { assertNothingLeft, networkNamespaces } from "../fixtures/leftovers.ts";
import { bootableMembers, buildImage } from "../fixtures/oci-image.ts";
import { bootMs, patient } from "../fixtures/patience.ts";
import { beginPlay, createPlayground, isReady, untilIn, untilState } from "../fixtures/play.ts";
import { startRegistry, type TestRegistry } from "../fixtures/registry.ts";
import { type RealServer, startServer } from "../fixtures/server.ts";

// What can go wrong with a play: it says which machine, at which step, with the last lines of the console and what to
// try, and everything it had acquired is released.

let server: RealServer;
let registry: TestRegistry;
before(async () => {
  registry = await startRegistry();
  server = await startServer();
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

/** Starts the small playground with its text changed, and waits until it has failed. */
async function failing(change: (text: string) => string, on = server): Promise<PlayState> {
  const playId = await beginPlay(on, await createPlayground(on, "small", change));
  const state = await untilIn(on, playId, "FAILED", bootMs);
  await assertNothingLeft(on.paths, playId, new Set());
  return state;
}

const image = (source: string) => (text: string) => text.replace("source: debian-12", `source: ${source}`);

describe("before anything boots", () => {
  test("an image without an init is refused, with the line that would mend it", async () => {
    const members = bootableMembers().filter(({ name }) => name !== "sbin/init");
    await registry.push("lab/no-init", "v1", buildImage([members]));
    // The second time it is told from the cache.
    for (const _time of ["first", "second"]) {
      const { problem, machines } = await failing(image(`oci://${registry.host}/lab/no-init:v1`));
      assert.equal(problem?.code, "image/not-bootable");
      assert.deepEqual([problem?.where?.machine, problem?.where?.step], ["box", "image"]);
      assert.match(JSON.stringify(problem), /RUN apt-get update && apt-get install -y systemd/);
      assert.equal(machines[0]?.problem?.code, "image/not-bootable");
    }
  });

  test("a registry that does not answer, and one that does not have the image", async () => {
    const unreachable = (await failing(image("oci://127.0.0.1:1/lab/root:v1"))).problem;
    assert.equal(unreachable?.code, "image/registry-unreachable");
    assert.deepEqual([unreachable?.where?.machine, unreachable?.where?.step], ["box", "image"]);
    assert.match(unreachable?.error ?? "", /127\.0\.0\.1:1/);
    assert.ok(unreachable?.hint);
    const missing = (await failing(image(`oci://${registry.host}/lab/absent:v1`))).problem;
    assert.equal(missing?.code, "image/denied-or-missing");
    assert.match(missing?.error ?? "", /lab\/absent/);
  });

  test("a user that the image does not have", async () => {
    const { problem } = await failing(text => text.replace("- name: root", "- name: root\n        - name: ghost"));
    assert.equal(problem?.code, "machine/user-not-in-image");
    assert.match(problem?.error ?? "", /user "ghost" does not exist in debian-12 \(it has: root, laborant\)/);
    assert.deepEqual(problem?.where, { machine: "box", step: "image", path: "users[1].name" });
  });
});

/** Shell words: a machine is Ready when it can be reached, which is before systemd takes orders. */
const booted = "until systemctl is-system-running --wait 2>/dev/null | grep -Eq 'running|degraded'; do sleep 0.3; done";
/** Shell words that do something as soon as their own end has been told. */
const shortly = (command: string) => `(sleep 1; ${command}) >/dev/null 2>&1 </dev/null &`;

describe("machines that end", { timeout: patient(600_000) }, () => {
  test("an init that ends at once panics the kernel", async () => {
    const busybox = await readFile("/bin/busybox");
    const programs = ["bin/sh", "usr/sbin/sshd"].map(name => ({ name, content: busybox, mode: 0o755 }));
    const init = { name: "sbin/init", content: "#!/bin/sh\necho going already\nexit 3\n", mode: 0o755 };
    const others = bootableMembers().filter(({ name }) => !/^(bin\/sh|usr\/sbin\/sshd|sbin\/init)$/.test(name));
    await registry.push("lab/short", "v1", buildImage([[...others, ...programs, init]]));
    const { problem } = await failing(image(`oci://${registry.host}/lab/short:v1`));
    assert.equal(problem?.code, "playground/machine-died");
    assert.match(problem?.error ?? "", /the kernel of box panicked \(channel\): Attempted to kill init/);
    assert.deepEqual(problem?.where, { machine: "box", step: "channel" });
    assert.match(JSON.stringify(problem?.details), /going already/, "what the guest said before is missing");
    assert.ok(problem?.hint);
  });

  test("a machine switched off from inside is no failure, one that panics is", async () => {
    const playId = await beginPlay(server, await createPlayground(server, "small"));
    const until = (what: string, condition: (state: PlayState) => boolean) =>
      untilState(server, playId, what, condition);
    const root = { machine: "box", user: "root" };
    await until("ready", isReady);

    await guestSays(server.client, playId, { ...root, command: `${booted}; ${shortly("systemctl poweroff")}` });
    const off = await until("off", state => state.machines[0]?.state === "STOPPED");
    assert.equal(currentState(off), "RUNNING");
    assert.equal(off.machines[0]?.problem, undefined);

    await server.client.act(playId, { action: "machine.restart", machine: "box" });
    await until("ready again", isReady);
    await guestSays(server.client, playId, { ...root, command: shortly("echo c >/proc/sysrq-trigger") });
    const dead = await until("dead", state => state.machines[0]?.state === "STOPPED");
    const problem = dead.machines[0]?.problem;
    assert.equal(problem?.code, "playground/machine-died");
    assert.match(problem?.error ?? "", /the kernel of box panicked \(running\): sysrq triggered crash/);
    assert.match(JSON.stringify(problem?.details), /sysrq: Trigger a crash/);
    // The console outlives its machine.
    const { consoles } = await server.client.listConsoles(playId, "box");
    const { content } = await server.client.readConsole(playId, "box", consoles[0] ?? "");
    assert.match(content, /Kernel panic/);

    const namespaces = await networkNamespaces(playId);
    await server.client.act(playId, { action: "stop" });
    await untilIn(server, playId, "STOPPED");
    await assertNothingLeft(server.paths, playId, namespaces);
  });
});

const skip = process.getuid?.() === 0 ? false : "only root may mount a small file system";

describe("a disk that is full", { skip, timeout: patient(600_000) }, () => {
  /** A server whose home is on a file system of this size. */
  async function cramped(sizeMiB: number): Promise<{ small: RealServer; directory: string } & AsyncDisposable> {
    const directory = await mkdtemp(join(tmpdir(), "labyard-small-"));
    const release = async () => {
      await run(["umount", "--lazy", directory], { allowFailure: true });
      await rm(directory, { recursive: true, force: true });
    };
    try {
      await run(["mount", "-t", "tmpfs", "-o", `size=${sizeMiB}m`, "none", directory]);
      const small = await startServer({ directory });
      return {
        small,
        directory,
        async [Symbol.asyncDispose]() {
          await small[Symbol.asyncDispose]();
          await release();
        },
      };
    } catch (error) {
      await release();
      throw error;
    }
  }

  test("at the start: refused with both numbers", async () => {
    await using home = await cramped(100);
    const { problem } = await failing(text => text, home.small);
    assert.equal(problem?.code, "drive/no-space");
    assert.match(problem?.error ?? "", /has \d+ MiB free, 768 MiB are needed/);
    assert.equal(problem?.where?.step, "drives");
    assert.ok(problem?.hint);
  });

  test("while a machine runs: it stands still, says so, and goes on when there is room again", async () => {
    await using home = await cramped(1000);
    const { small, directory } = home;
    const playId = await beginPlay(small, await createPlayground(small, "small"));
    await untilState(small, playId, "ready", isReady);
    const ballast = join(directory, "ballast");
    await writeFile(ballast, Buffer.alloc(700 * 1024 ** 2));
    const writing = guestSays(small.client, playId, {
      machine: "box",
      user: "root",
      command: "head -c 400M /dev/zero >/root/big && sync && stat -c %s /root/big",
      timeoutMs: patient(180_000),
    });
    writing.catch(() => {
      // Awaited below; an earlier failure of the test must not be hidden by this one.
    });
    const stalled = await untilState(small, playId, "stalled", state => state.machines[0]?.problem !== undefined);
    const problem = stalled.machines[0]?.problem;
    assert.equal(problem?.code, "host/disk-full");
    assert.match(problem?.error ?? "", /box is paused/);
    assert.equal(problem?.where?.machine, "box");
    await rm(ballast);
    await untilState(small, playId, "going on", state => state.machines[0]?.problem === undefined && isReady(state));
    assert.equal(await writing, String(400 * 1024 ** 2));
  });
});
