import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { type Duplex, PassThrough } from "node:stream";
import { test } from "node:test";
import { Problem } from "../api/problems.ts";
import { dialerFromMachine } from "./dial-from-machine.ts";

const { signal } = new AbortController();
const machine = (name: string, mainAddress: string, noSSH = false) => ({ name, mainAddress, noSSH, interfaces: [] });

/** Two machines that listen where they are told to, and what was asked of their channels. */
function play(listening: readonly string[]) {
  const asked: string[] = [];
  const refused = (at: string) => new Problem("access/port-refused", { message: at });
  const connection = async (at: string): Promise<Duplex> => {
    if (!listening.includes(at)) throw refused(at);
    return new PassThrough();
  };
  const dial = dialerFromMachine({
    machines: [machine("open", "10.0.0.2"), machine("closed", "10.0.0.3", true)],
    dial: async ({ host, port }) => (await connection(`${host}:${port}`)) as Socket,
    channel: async name => ({
      connect: async (host, port) => {
        asked.push(`${name} ${host}:${port}`);
        return connection(`${host}:${port}`);
      },
      execConnection: async command => {
        asked.push(`${name} ${command}`);
        return new PassThrough();
      },
    }),
  });
  return { asked, dial };
}

const loopbackOf = (port: number) => [`open 127.0.0.1:${port}`, `open ::1:${port}`];

test("a machine without anybody on port 22 serves the connection itself", async () => {
  const { asked, dial } = play([]);
  await dial("open", "", 22, signal);
  assert.deepEqual(asked, [...loopbackOf(22), "open exec /bin/sh /run/labyard/serve-ssh"]);
});

test("whoever has port 22 keeps it, on the network or on the loopback alone", async () => {
  const onNetwork = play(["open:22"]);
  await onNetwork.dial("open", "", 22, signal);
  assert.deepEqual(onNetwork.asked, []);
  const onLoopback = play(["127.0.0.1:22"]);
  await onLoopback.dial("open", "", 22, signal);
  assert.deepEqual(onLoopback.asked, ["open 127.0.0.1:22"]);
});

test("no other port is served, no neighbour's, and nothing on a machine with noSSH", async () => {
  const { asked, dial } = play([]);
  const isRefused = (error: Problem) => error.code === "access/port-refused";
  await assert.rejects(dial("open", "", 80, signal), isRefused);
  await assert.rejects(dial("open", "closed", 22, signal), isRefused);
  await assert.rejects(dial("closed", "", 22, signal), isRefused);
  await assert.rejects(dial("closed", "open", 22, signal), isRefused);
  assert.deepEqual(asked, loopbackOf(80));
});
