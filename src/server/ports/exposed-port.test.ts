import assert from "node:assert/strict";
import { test } from "node:test";
import { portsOfTabs } from "./exposed-port.ts";

test("what only http-port tabs have changes nothing about an IDE's port", () => {
  const more = { access: "public" as const, tls: true, hostRewrite: "a.b", pathRewrite: "/a" };
  const rows = portsOfTabs(
    "p",
    [
      { id: "app", kind: "http-port", name: "App", machine: "dev", number: 80, ...more },
      { id: "ide", kind: "ide", name: "IDE", machine: "dev", ...more },
    ],
    0,
  );
  assert.deepEqual(
    rows.map(row => [row.tab_id, row.access, row.tls, row.host_rewrite, row.path_rewrite]),
    [
      ["app", "public", 1, "a.b", "/a"],
      ["ide", "private", 0, null, null],
    ],
  );
});
