import assert from "node:assert/strict";
import { test } from "node:test";
import { directory, MemoryTree } from "../../../test/fixtures/memory-tree.ts";
import type { PayloadSource } from "../tree.ts";
import { contentOrder } from "./content-order.ts";
import { takeInventory } from "./inventory.ts";

/** The names of the files of one directory, in the order in which their content is written. */
function orderOf(places: Record<string, number> | undefined, names: readonly string[]): string[] {
  const memory = new MemoryTree();
  const children = new Map(names.map(name => [name, memory.file(name)]));
  const source: PayloadSource = { read: () => undefined };
  if (places !== undefined) source.placeOf = ({ layer }) => places[names[layer] as string] as number;
  const inventory = takeInventory({ root: directory(children) });
  const nameOf = new Map([...children].map(([name, node]) => [inventory.inodeOf(node), name]));
  return [...contentOrder(inventory, source)].map(inode => nameOf.get(inode) as string);
}

test("content is written in the order of the archives where there is one, else in that of the inodes", () => {
  assert.deepEqual(orderOf({ a: 10_240, b: 512, c: 2 ** 33, d: 1024 }, ["a", "b", "c", "d"]), ["b", "d", "a", "c"]);
  assert.deepEqual(orderOf(undefined, ["c", "a", "b"]), ["a", "b", "c"]);
});

test("files at one place follow each other by inode, whatever the order of the tree", () => {
  for (const names of [
    ["a", "b", "c"],
    ["c", "b", "a"],
  ])
    assert.deepEqual(orderOf({ a: 512, b: 512, c: 0 }, names), ["c", "a", "b"]);
});

test("archives too large for exact numbers still give every file once, in a coarser order", () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `f${index}`);
  const places = Object.fromEntries(names.map((name, index) => [name, 2 ** 53 - 2 ** 20 * (index + 1)]));
  assert.deepEqual(orderOf(places, names), names.toReversed());
});

test("files without stored bytes and other nodes have no content", () => {
  const inventory = takeInventory({ root: directory({ empty: new MemoryTree().file(""), d: directory({}) }) });
  assert.deepEqual([...contentOrder(inventory, new MemoryTree())], []);
});
