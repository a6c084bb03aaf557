import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tab } from "../manifest/schema.ts";
import { planTabs } from "./tabs.ts";

const machines = [
  { name: "vault", noSSH: true },
  { name: "dev", noSSH: false },
  { name: "box", noSSH: false },
];
const ids = (tabs: Tab[] | undefined) => planTabs(tabs, machines).tabs.map(tab => tab.id);

test("default: a terminal per machine that allows ssh", () => {
  assert.deepEqual(ids(undefined), ["terminal-dev", "terminal-box"]);
});

test("automatic identifiers that collide are numbered around the chosen ones", () => {
  const terminal: Tab = { kind: "terminal", machine: "dev" };
  assert.deepEqual(ids([terminal, terminal, { ...terminal, id: "terminal-dev-2" }]), [
    "terminal-dev",
    "terminal-dev-3",
    "terminal-dev-2",
  ]);
  assert.deepEqual(ids([{ kind: "web-page", name: "The Docs!", url: "https://example.org" }]), ["web-page-the-docs"]);
});

test("a shell tab on a noSSH machine is left out and reported, an http port is kept", () => {
  const { tabs, notices } = planTabs(
    [
      { kind: "ide" },
      { kind: "terminal", machine: "vault" },
      { kind: "http-port", name: "UI", number: 80, machine: "vault" },
    ],
    machines,
  );
  assert.deepEqual(tabs, [
    { id: "http-port-vault", kind: "http-port", name: "UI", machine: "vault", number: 80, access: "private" },
  ]);
  assert.deepEqual(
    notices.map(notice => [notice.code, notice.path]),
    [
      ["manifest/tab-machine", "playground.tabs[0]"],
      ["manifest/tab-machine", "playground.tabs[1]"],
    ],
  );
});
