import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import { after, before, test } from "node:test";
import { ConsoleLog } from "./console-log.ts";
import { openConsole } from "./console.ts";

let directory: string;
before(async () => void (directory = await mkdtemp(join(tmpdir(), "labyard-console-"))));
after(() => rm(directory, { recursive: true }));

test("a guest that prints without end fills neither memory nor disk, and its last words are kept", async () => {
  const path = join(directory, "endless.log");
  const log = new ConsoleLog(path);
  const line = Buffer.from(`${"x".repeat(1023)}\n`);
  // A busy disk takes less and has more dropped: it goes on until the file has been full once.
  for (let round = 0; round < 40 || (round < 10_000 && !existsSync(`${path}.1`)); round += 1) {
    for (let index = 0; index < 400; index += 1) log.append(line);
    await new Promise(resolve => setImmediate(resolve));
  }
  await log.close();
  log.append(Buffer.from("the end\n"));
  await log.close();
  const sizes = [(await stat(path)).size, (await stat(`${path}.1`)).size];
  for (const size of sizes) assert.ok(size > 0 && size <= 512 * 1024 + 256 * 1024, `${size}`);
  const text = await readFile(path, "utf8");
  assert.match(text, /the end\n$/);
  assert.match((await readFile(`${path}.1`, "utf8")) + text, /\[\d+ bytes of console output were dropped\]/);
});

test("a later start continues the file", async () => {
  const path = join(directory, "again.log");
  await writeFile(path, "first\n");
  const log = new ConsoleLog(path);
  log.append(Buffer.from("second\n"));
  await log.close();
  assert.equal(await readFile(path, "utf8"), "first\nsecond\n");
});

test("a log that cannot be written costs log, not the machine", async () => {
  const log = new ConsoleLog(join(directory, "absent", "console.log"));
  log.append(Buffer.from("lost"));
  await log.close();
});

test("lines come without escapes; listeners get every byte until they leave; input is bounded", async () => {
  const [near, far] = duplexPair();
  const guest = openConsole(near, join(directory, "guest.log"));
  const heard: string[] = [];
  const leave = guest.onOutput(chunk => heard.push(chunk.toString()));
  far.write("\x1b[1;31mKernel\x1b[0m panics\r\n\r\n\x07done\r\n");
  await new Promise(resolve => setImmediate(resolve));
  leave();
  far.write("more\n");
  await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual(guest.lastLines(3), ["Kernel panics", "done", "more"]);
  assert.deepEqual(guest.lastLines(1), ["more"]);
  assert.equal(heard.join("").includes("more"), false);
  // Nobody reads at the far end, so its buffer and ours fill up.
  far.pause();
  let accepted = 0;
  while (guest.write("x".repeat(4096)) && accepted < 1000) accepted += 1;
  assert.ok(accepted > 0 && accepted < 100, `${accepted}`);
  near.destroy();
  await guest.close();
  assert.equal(guest.write("x"), false);
});
