import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveLogin } from "./login.ts";

const machines = [
  { name: "web-01", users: [{ name: "root" }, { name: "laborant" }], defaultUser: "laborant", noSSH: false },
  { name: "db-01", users: [{ name: "root" }], defaultUser: "root", noSSH: true },
];

test("the default user, or one the manifest lists", () => {
  assert.deepEqual(resolveLogin(machines, { machine: "web-01" }), { machine: "web-01", user: "laborant" });
  assert.deepEqual(resolveLogin(machines, { machine: "web-01", user: "root" }), { machine: "web-01", user: "root" });
  assert.throws(() => resolveLogin(machines, { machine: "web-01", user: "daemon" }), { code: "access/user-unknown" });
});

test("no shell on a machine that offers none, or does not exist", () => {
  assert.throws(() => resolveLogin(machines, { machine: "db-01" }), { code: "access/no-ssh" });
  assert.throws(() => resolveLogin(machines, { machine: "web-02" }), {
    code: "access/machine-unknown",
    message: 'the play has no machine "web-02" (it has: web-01, db-01)',
  });
});
