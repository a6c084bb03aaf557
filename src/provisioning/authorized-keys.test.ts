import assert from "node:assert/strict";
import { test } from "node:test";
import { withAuthorizedKey } from "./authorized-keys.ts";

const begin = "# labyard: tunnel keys begin (added by ssh clients, the oldest are dropped)";
const end = "# labyard: tunnel keys end";

test("a key is added once, and what others wrote stays", () => {
  const mine = "ssh-rsa AAAA me\n# a comment without an end";
  const once = withAuthorizedKey(mine, "ssh-ed25519 BBBB a");
  assert.equal(once, `${mine}\n${begin}\nssh-ed25519 BBBB a\n${end}\n`);
  assert.equal(withAuthorizedKey(once, "ssh-ed25519 BBBB another comment"), once);
  assert.equal(
    withAuthorizedKey(`${once}ssh-rsa CCCC\n`, "ssh-ed25519 DDDD"),
    `${mine}\n${begin}\nssh-ed25519 BBBB a\nssh-ed25519 DDDD\n${end}\nssh-rsa CCCC\n`,
  );
  assert.equal(withAuthorizedKey("", "k 1"), `${begin}\nk 1\n${end}\n`);
});

test("the oldest keys make room", () => {
  let content = "";
  for (let number = 1; number <= 40; number++) content = withAuthorizedKey(content, `ssh-ed25519 ${number}`);
  const lines = content.trim().split("\n");
  assert.equal(lines.length, 34);
  assert.deepEqual([lines[1], lines.at(-2)], ["ssh-ed25519 9", "ssh-ed25519 40"]);
});

test("a damaged part does not keep keys out", () => {
  assert.equal(withAuthorizedKey(`${begin}\nk 1\n`, "k 2"), `${begin}\nk 1\n${begin}\nk 2\n${end}\n`);
  const twice = withAuthorizedKey(`${begin}\nk 1\n${begin}\nk 2\n${end}\n`, "k 3");
  assert.match(twice, /k 3/);
});
