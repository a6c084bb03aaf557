import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { stages } from "../test/conformance/stages.ts";
import { rowLabel, rowsOfPage } from "../test/conformance/table.ts";

// The machines are asked by npm run conformance; here is only seen whether its page is of this table.

const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), "utf8");
const rows = stages.flatMap(stage => stage.rows);

test("docs/conformance.md has a line for each row of the table: npm run conformance writes it", async () => {
  assert.deepEqual(rowsOfPage(await read("docs/conformance.md")), rows.map(rowLabel));
});

test("the README tells the last result of the whole table, and nothing failed in it", async () => {
  const summary = `${rows.length} of ${rows.length} rows pass`;
  assert.ok((await read("docs/conformance.md")).includes(summary));
  assert.ok((await read("README.md")).includes(summary));
});

test("no two rows ask the same of the same field", () => {
  const labels = stages.flatMap(({ title, rows: own }) => own.map(row => `${title}: ${rowLabel(row)}`));
  assert.deepEqual(
    labels.filter((label, index) => labels.indexOf(label) !== index),
    [],
  );
});
