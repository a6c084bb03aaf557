import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLocalForward, parseRemoteForward } from "./forward-spec.ts";

test("local forwards in every form", () => {
  const kind = "local" as const;
  assert.deepEqual(parseLocalForward("80"), { kind, localPort: 80, remotePort: 80 });
  assert.deepEqual(parseLocalForward("8080:80"), { kind, localPort: 8080, remotePort: 80 });
  assert.deepEqual(parseLocalForward("db:80"), { kind, localPort: 80, remoteHost: "db", remotePort: 80 });
  assert.deepEqual(parseLocalForward("10.0.0.2:80"), { kind, localPort: 80, remoteHost: "10.0.0.2", remotePort: 80 });
  assert.deepEqual(parseLocalForward("1:db:2"), { kind, localPort: 1, remoteHost: "db", remotePort: 2 });
  assert.deepEqual(parseLocalForward("0.0.0.0:1:2"), { kind, localHost: "0.0.0.0", localPort: 1, remotePort: 2 });
  assert.deepEqual(parseLocalForward("a:1:b:2"), {
    kind,
    localHost: "a",
    localPort: 1,
    remoteHost: "b",
    remotePort: 2,
  });
});

test("remote forwards in every form", () => {
  const kind = "remote" as const;
  assert.deepEqual(parseRemoteForward("9000:3000"), { kind, remotePort: 9000, localPort: 3000 });
  assert.deepEqual(parseRemoteForward("1:h:2"), { kind, remotePort: 1, localHost: "h", localPort: 2 });
  assert.deepEqual(parseRemoteForward("h:1:2"), { kind, remoteHost: "h", remotePort: 1, localPort: 2 });
  assert.deepEqual(parseRemoteForward("r:1:l:2"), {
    ...{ kind, remoteHost: "r", remotePort: 1, localHost: "l", localPort: 2 },
  });
});

test("what is no forward is refused", () => {
  for (const spec of ["", "x", "0", "70000", "1:", ":", "1:2:3:4:5", "a:b", "a:b:c:d"]) {
    assert.throws(() => parseLocalForward(spec), { code: "cli/usage" }, spec);
  }
  for (const spec of ["", "80", "a:80", "1:2:3:4:5"]) {
    assert.throws(() => parseRemoteForward(spec), { code: "cli/usage" }, spec);
  }
});
