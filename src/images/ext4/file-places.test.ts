import assert from "node:assert/strict";
import { test } from "node:test";
import { FilePlaces } from "./file-places.ts";

test("runs and lists come back as they were, everything else has no extents", () => {
  const places = new FilePlaces(20);
  const lastBlock = 2 ** 31 - 1;
  const several = [
    { logical: 0, physical: 100, length: 2 },
    { logical: 5, physical: 102, length: 1 },
  ];
  const late = [{ logical: 3, physical: 200, length: 4 }];
  places.setRun(12, { start: lastBlock, end: lastBlock + 1 });
  places.setExtents(13, several);
  places.setExtents(14, late);
  places.setExtents(15, []);
  places.setExtents(20, [{ logical: 0, physical: 7, length: 9 }]);
  assert.deepEqual(places.extentsOf(12), [{ logical: 0, physical: lastBlock, length: 1 }]);
  assert.deepEqual(places.extentsOf(13), several);
  assert.deepEqual(places.extentsOf(14), late);
  assert.deepEqual(places.extentsOf(15), []);
  assert.deepEqual(places.extentsOf(16), []);
  assert.deepEqual(places.extentsOf(20), [{ logical: 0, physical: 7, length: 9 }]);
});
