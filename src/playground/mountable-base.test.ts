import assert from "node:assert/strict";
import { test } from "node:test";
import { mountableBase } from "./mountable-base.ts";

/** The bases of a machine's drives, as an image cache would name them: "FILESYSTEM SOURCE COPY". */
async function basesOf(drives: Array<[source: string, filesystem?: "ext4" | "xfs" | "btrfs"]>): Promise<string[]> {
  const bases: Record<string, { path: string }> = {};
  for (const [index, [source, filesystem]] of drives.entries()) {
    const wanted = filesystem === undefined ? {} : { filesystem };
    const find = async (copy: number) => ({ path: `${filesystem} ${source} ${copy}` });
    bases[`vd${index}`] = await mountableBase(wanted, bases, find);
  }
  return Object.values(bases).map(({ path }) => path);
}

test("each btrfs drive of a machine has a base of its own, also from one image", async () => {
  assert.deepEqual(
    await basesOf([
      ["a", "btrfs"],
      ["b", "btrfs"],
      ["a", "btrfs"],
      ["a", "xfs"],
      ["a", "btrfs"],
    ]),
    ["btrfs a 0", "btrfs b 0", "btrfs a 1", "xfs a 0", "btrfs a 2"],
  );
});

test("other filesystems share one", async () => {
  assert.deepEqual(await basesOf([["a", "xfs"], ["a", "xfs"], ["a", "ext4"], ["a", "ext4"], ["a"], ["a"]]), [
    ...["xfs a 0", "xfs a 0", "ext4 a 0", "ext4 a 0"],
    ...["undefined a 0", "undefined a 0"],
  ]);
});

test("what is not in the cache is not looked for again", async () => {
  const asked: number[] = [];
  const find = async (copy: number) => {
    asked.push(copy);
    return copy === 0 ? { path: "one" } : undefined;
  };
  assert.equal(await mountableBase({ filesystem: "btrfs" }, { vda: { path: "one" } }, find), undefined);
  assert.deepEqual(asked, [0, 1]);
});
