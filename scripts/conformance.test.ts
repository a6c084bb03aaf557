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

test("every field of the reference is asked", async () => {
  const reference = fieldsOf(await read("docs/reference/manifest.md"));
  assert.ok(reference.length > 80, reference.join("\n"));
  const asked = rows.flatMap(({ field }) => paths(field).map(short));
  // What only holds others is asked with them.
  const isAsked = (field: string) =>
    asked.some(each => each === field || each.startsWith(`${field}.`) || each.startsWith(`${field}[`));
  assert.deepEqual(
    reference.map(short).filter(field => !isAsked(field)),
    [],
  );
});

/** "playground.tabs[].pane" as "tabs[].pane", in the order of the page. */
function fieldsOf(page: string): string[] {
  const sections = page.split("\n## What a check can report")[0]?.split("\n## ").slice(1) ?? [];
  return sections.flatMap(section => {
    const parent = /^`playground\.?(.*)`/.exec(section)?.[1] ?? "";
    return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => (parent ? `${parent}.${name}` : `${name}`));
  });
}

/** "a[].b, c" as "a[].b" and "a[].c". */
function paths(field: string): string[] {
  const [first = "", ...others] = field.split(", ");
  return [first, ...others.map(name => first.replace(/[^.]*$/, name))];
}

/** Rows leave out where there is only one place it can be. */
const short = (field: string) => field.replace(/^machines\[\]\.(?=.)/, "").replace(/^network\.(?=interfaces)/, "");
