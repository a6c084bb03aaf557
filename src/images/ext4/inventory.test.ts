import assert from "node:assert/strict";
import { test } from "node:test";
import { directory, MemoryTree, symlink } from "../../../test/fixtures/memory-tree.ts";
import { pathOf, takeInventory } from "./inventory.ts";

test("numbers follow the names, not the order of insertion", () => {
  const memory = new MemoryTree();
  const [a, b, c] = [memory.file("a"), memory.file("b"), symlink("c")];
  const sub = directory({ c });
  const { inodeOf, lastInode } = takeInventory({
    root: directory({ z: b, m: sub, a }),
  });
  assert.deepEqual(
    [a, sub, c, b].map(node => inodeOf(node)),
    [12, 13, 14, 15],
  );
  assert.equal(lastInode, 15);
});

test("links count names; directories count their subdirectories", () => {
  const memory = new MemoryTree();
  const shared = memory.file("s");
  const root = directory({ x: shared, d: directory({ y: shared, e: directory({}) }) });
  const { links, inodeOf } = takeInventory({ root });
  assert.equal(links[inodeOf(shared)], 2);
  assert.equal(links[inodeOf(root.children.get("d") as never)], 3);
  // d and lost+found
  assert.equal(links[2], 4);
});

test("a lost+found of the image keeps number 11, its own content, and its type", () => {
  const memory = new MemoryTree();
  const inside = memory.file("x");
  const own = directory({ inside });
  const { inodeOf, nodes } = takeInventory({ root: directory({ "lost+found": own, a: memory.file("") }) });
  assert.equal(inodeOf(own), 11);
  assert.equal(nodes[12]?.type, "file");
  assert.equal(inodeOf(inside), 13);

  const odd = memory.file("not a directory");
  assert.equal(takeInventory({ root: directory({ "lost+found": odd }) }).inodeOf(odd), 11);
});

test("depth is not limited by the stack", () => {
  let node = directory({});
  for (let level = 0; level < 50_000; level++) node = directory({ d: node });
  assert.equal(takeInventory({ root: node }).lastInode, 11 + 50_000);
});

test("a node's path, for messages", () => {
  const memory = new MemoryTree();
  const file = memory.file("x");
  const root = directory({ a: directory({ b: file }) });
  assert.equal(pathOf(root, file), "/a/b");
  assert.equal(pathOf(root, root), "/");
});
