import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGroup, parsePasswd } from "./accounts.ts";
import { checkUsers } from "./check-users.ts";

test("passwd and group are read as the C library reads them", () => {
  const passwd =
    "root:x:0:0:root:/root:\n#x:x:1:1::/:/x\n\nbroken:x:1\nann:x:1000:1000:A:/home/ann:/bin/bash\nann:x:5:5::/:/x\n+::::::\n";
  assert.deepEqual(parsePasswd(passwd), [
    { name: "root", uid: 0, gid: 0, home: "/root", shell: "/bin/sh" },
    { name: "ann", uid: 1000, gid: 1000, home: "/home/ann", shell: "/bin/bash" },
  ]);
  assert.deepEqual(parseGroup("wheel:x:10:ann,bob\nempty:x:11:\nbad:x:y:\n"), [
    { name: "wheel", gid: 10, members: ["ann", "bob"] },
    { name: "empty", gid: 11, members: [] },
  ]);
});

test("users, owners and groups that the image lacks are all reported, with those it has", () => {
  const drive = {
    reference: "oci://h.example/x:v1",
    users: parsePasswd("root:x:0:0::/root:/bin/sh\nsshd:x:100:1::/:/x\nubuntu:x:1000:1000::/home/ubuntu:/bin/bash"),
    groups: parseGroup("root:x:0:\nubuntu:x:1000:"),
  };
  const file = { path: "/f", content: "", append: false };
  const machine = {
    name: "dev",
    users: [{ name: "root" }, { name: "laborant" }],
    startupFiles: [
      { ...file, owner: "ubuntu:ubuntu" },
      { ...file, owner: "1001:1001" },
      { ...file, owner: "ann:staff" },
      file,
    ],
  };
  const problems = checkUsers(machine, drive);
  assert.deepEqual(
    problems.map(problem => [problem.message, problem.where?.path]),
    [
      ['user "laborant" does not exist in oci://h.example/x:v1 (it has: root, ubuntu)', "users[1].name"],
      ['user "ann" does not exist in oci://h.example/x:v1 (it has: root, ubuntu)', "startupFiles[2].owner"],
      ['group "staff" does not exist in oci://h.example/x:v1 (it has: root, ubuntu)', "startupFiles[2].owner"],
    ],
  );
  assert.ok(problems.every(problem => problem.code === "machine/user-not-in-image"));
});
