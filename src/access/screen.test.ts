import assert from "node:assert/strict";
import { test } from "node:test";
import { Screen } from "./screen.ts";

test("a redraw shows the same as the screen, colours, cursor and scrollback included", async () => {
  const original = new Screen({ cols: 40, rows: 5 }, () => {});
  const lines = Array.from({ length: 30 }, (_, index) => `\x1b[3${index % 8}mline ${index}\x1b[0m\r\n`).join("");
  await original.write(Buffer.from(`${lines}prompt$ ls\x1b[2D`));
  const copy = new Screen({ cols: 40, rows: 5 }, () => {});
  await copy.write(Buffer.from(original.redraw()));
  assert.equal(copy.redraw(), original.redraw());
  assert.match(copy.redraw(), /line 0\b/);
  original.dispose();
  copy.dispose();
});

test("the scrollback has an end, earlier on wide screens", async () => {
  for (const [cols, lines] of [
    [80, 2000],
    [400, 1000],
  ] as const) {
    const screen = new Screen({ cols, rows: 10 }, () => {});
    await screen.write(Buffer.from(Array.from({ length: 5000 }, (_, index) => `${index}\r\n`).join("")));
    const drawn = screen.redraw().split("\r\n").length;
    assert.ok(drawn > lines - 50 && drawn <= lines + 10, `${drawn} lines at ${cols} columns`);
    screen.dispose();
  }
});

test("questions of programs are answered", async () => {
  let answer = "";
  const screen = new Screen({ cols: 80, rows: 24 }, bytes => (answer += bytes));
  await screen.write(Buffer.from("abc\x1b[6n"));
  assert.equal(answer, "\x1b[1;4R");
  screen.dispose();
});

test("characters piled into one cell do not pile up for ever", async () => {
  const screen = new Screen({ cols: 80, rows: 24 }, () => {});
  const marks = Buffer.from("\u0301".repeat(16 * 1024));
  await screen.write(Buffer.from("a"));
  for (let written = 0; written < 10 * 1024 * 1024; written += marks.length) await screen.write(marks);
  assert.ok(screen.redraw().length < 4 * 1024 * 1024);
  screen.dispose();
});
