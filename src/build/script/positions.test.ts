import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "smol-toml";
import { PositionIndex } from "./positions.ts";

const text = `# a comment with [brackets] and key = "value"
version = 2
[container]
engine = "Docker" # behind a value
image = { name = "debian", tag = 'a#b' }
env.PATH = "/bin"
"quoted.key" = """
[not.a.table]
x = 1"""

[[commands]]
command = "true"

  [[commands]]
  script_inline = '''
#!/bin/sh
[[commands]]
'''
  uid = 0
[commands.env]
A = "1"

[export.files]
include = [
  "/a", # first
  [1,
   2],
  { k = "]" },
  "/b\\"c",
]
last = true
`;

const cases: Array<[path: Array<string | number>, line: number, column: number]> = [
  [["version"], 2, 1],
  [["container"], 3, 1],
  [["container", "engine"], 4, 1],
  [["container", "image", "tag"], 5, 28],
  [["container", "env", "PATH"], 6, 5],
  [["container", "quoted.key"], 7, 1],
  [["commands"], 11, 1],
  [["commands", 0], 11, 1],
  [["commands", 0, "command"], 12, 1],
  [["commands", 1], 14, 3],
  [["commands", 1, "script_inline"], 15, 3],
  [["commands", 1, "uid"], 19, 3],
  [["commands", 1, "env", "A"], 21, 1],
  [["export", "files", "include", 0], 25, 3],
  [["export", "files", "include", 1, 1], 27, 4],
  [["export", "files", "include", 2, "k"], 28, 5],
  [["export", "files", "include", 3], 29, 3],
  [["export", "files", "last"], 31, 1],
];

test("every key and element is found where it stands", () => {
  parse(text);
  const index = new PositionIndex(text);
  for (const [path, line, column] of cases) assert.deepEqual(index.at(path), { line, column }, path.join("."));
});

test("what does not stand in the document is where its surroundings are", () => {
  const index = new PositionIndex(text);
  assert.deepEqual(index.at(["container", "image", "name", "x"]), { line: 5, column: 11 });
  assert.deepEqual(index.at(["commands", 1, "gid"]), { line: 14, column: 3 });
  assert.equal(index.at(["filesystem"]), undefined);
});

test("lines that end with CR LF count once", () => {
  assert.deepEqual(new PositionIndex("a = 1\r\nb = [\r\n 2]\r\n").at(["b", 0]), { line: 3, column: 2 });
});
