import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlaygroundSpec } from "../manifest/schema.ts";
import { netLab } from "./fixtures.ts";
import { idleFields } from "./idle-fields.ts";

const [web, db] = netLab.playground.machines;
assert.ok(web && db);

test("fields that nothing acts upon are told with their place", () => {
  const spec: PlaygroundSpec = {
    ...netLab.playground,
    machines: [
      {
        ...web,
        drives: [
          { source: "debian-12", mount: "/", filesystem: "xfs" },
          { mount: "/mnt", filesystem: "xfs", persistent: true },
        ],
      },
    ],
  };
  const notices = idleFields(spec);
  assert.ok(notices.every(({ code }) => code === "start/field-without-effect"));
  assert.deepEqual(
    notices.map(({ path, machine }) => [path?.replace("playground.", ""), machine]),
    [["machines[0].drives[1].persistent", web.name]],
  );
  assert.match(notices[0]?.message ?? "", /^drive 2 of web-01: persistent has no effect/);
});

test("fields that have an effect are not told", () => {
  const tabs = [
    { kind: "ide" as const },
    { kind: "kexp" as const },
    { kind: "http-port" as const, name: "App", number: 80, tls: true, hostRewrite: "a", pathRewrite: "/a" },
  ];
  const drives = [
    { source: "debian-12", mount: "/", filesystem: "xfs" as const },
    { source: "debian-12", mount: "/mnt" },
    { filesystem: "btrfs" as const },
  ];
  const machines = [{ ...db, kernel: { source: "5.10" }, drives }];
  const portForwards = [{ kind: "local" as const, machine: db.name, remotePort: 80 }];
  assert.deepEqual(idleFields({ ...netLab.playground, portForwards, tabs, machines }), []);
});
