import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { problems } from "../src/api/problems.ts";
import { notices } from "../src/api/problems/notices.ts";
import { generatedFiles, referenceDirectory } from "./docs/generated-files.ts";
import { problemRooms } from "./docs/problems.ts";

for (const [name, render] of Object.entries(generatedFiles)) {
  test(`docs/reference/${name} is what the code says`, async () => {
    assert.equal(readFileSync(new URL(name, referenceDirectory), "utf8"), await render(), "run: npm run docs");
  });
}

test("the page of problems has every code of the catalogue", () => {
  const listed = problemRooms.flatMap(({ table }) => Object.keys(table));
  assert.deepEqual(listed.sort(), Object.keys(problems).sort());
});

test("the page of problems explains every notice once, and no notice is a problem", async () => {
  const page = readFileSync(new URL("problems.md", referenceDirectory), "utf8");
  for (const [code, { title }] of Object.entries(notices)) {
    assert.equal(page.split(`| \`${code}\` |`).length, 2, code);
    assert.ok(page.includes(title), title);
    assert.ok(!Object.hasOwn(problems, code), code);
  }
});

test("every code of the catalogue is used", () => {
  const source = new URL("../src/", import.meta.url).pathname;
  const code = (readdirSync(source, { recursive: true }) as string[])
    .filter(
      file => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.startsWith(join("api", "problems", "/")),
    )
    .map(file => readFileSync(join(source, file), "utf8"))
    .join("\n");
  const unused = [...Object.keys(problems), ...Object.keys(notices)].filter(each => !code.includes(`"${each}"`));
  assert.deepEqual(unused, []);
});

test("docs/reference/files.md names every file of src/store/paths.ts", () => {
  const page = readFileSync(new URL("files.md", referenceDirectory), "utf8");
  const paths = readFileSync(new URL("../src/store/paths.ts", import.meta.url), "utf8");
  const names = [...paths.matchAll(/join\(([^;]*)\);/g)].flatMap(([, parts]) =>
    [...(parts as string).matchAll(/["}]([\w.]+)["`]/g)].map(([, name]) => name as string),
  );
  assert.ok(names.includes("ledger.jsonl") && names.includes(".qcow2"), "the test reads names at all");
  assert.deepEqual(
    names.filter(name => !page.includes(name)),
    [],
  );
});
