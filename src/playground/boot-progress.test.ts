import assert from "node:assert/strict";
import { test } from "node:test";
import { BootProgress } from "./boot-progress.ts";

function record(chunks: string[]): string[] {
  const seen: string[] = [];
  const progress = new BootProgress({
    onPhase: (phase, message) => seen.push(`${phase}: ${message}`),
    onFailure: (step, message) => seen.push(`failed ${step}: ${message}`),
    onWarning: message => seen.push(`warning: ${message}`),
  });
  for (const chunk of chunks) progress.append(Buffer.from(chunk));
  return seen;
}

test("steps are found wherever the chunks are cut", () => {
  assert.deepEqual(record(["[    0.5] noise\r\nlaby", "ard: modules\r\nlabyard: dri", "ve\r\n", "labyard: init\r\n"]), [
    "init: loading drivers",
    "init: mounting the root drive",
    "channel: starting the image's services",
  ]);
});

test("a step that fails is told with its reason", () => {
  assert.deepEqual(record(["labyard: drive\nlabyard: drive: cannot mount /dev/vda as ext4\n"]), [
    "init: mounting the root drive",
    "failed drive: cannot mount /dev/vda as ext4",
  ]);
});

test("a warning is told once the image is being changed, in words that a terminal can show", () => {
  const mount = "cannot mount /dev/vdb on /dät\x1b[2Ja as btrfs (File exists)";
  assert.deepEqual(
    record([
      "labyard: modules\nlabyard: warning: cannot load /lib/modules/aes.ko\n",
      `labyard: files\nlabyard: network\nlabyard: warning: ${mount}\n`,
      "labyard: init\nlabyard: warning: the guest's own\n",
    ]),
    [
      "init: loading drivers",
      "init: writing files",
      "init: configuring the network",
      "warning: cannot mount /dev/vdb on /dät?[2Ja as btrfs (File exists)",
      "channel: starting the image's services",
    ],
  );
});

test("warnings without end are bounded, and a reboot may warn again", () => {
  const warnings = [
    "labyard: files\n",
    ...Array.from({ length: 100 }, (_, n) => `labyard: warning: ${n}${"x".repeat(900)}\n`),
  ];
  const seen = record(warnings).slice(1);
  assert.equal(seen.length, 32);
  assert.ok(seen.every(line => line.length < 320));
  const again: string[] = [];
  const progress = new BootProgress({ onPhase() {}, onFailure() {}, onWarning: message => again.push(message) });
  for (const chunk of warnings) progress.append(Buffer.from(chunk));
  progress.restart();
  progress.append(Buffer.from("labyard: warning: too early\nlabyard: files\nlabyard: warning: again\n"));
  assert.deepEqual([again.length, again.at(-1)], [33, "again"]);
});

test("after the hand-over the guest cannot pretend to be the shim", () => {
  assert.deepEqual(record(["labyard: init\nlabyard: drive: lies\nlabyard: modules\n"]), [
    "channel: starting the image's services",
  ]);
});

test("unknown steps and endless lines are ignored", () => {
  assert.deepEqual(record(["labyard: dance\n", "x".repeat(1_000_000), "\nlabyard: modules\n"]), [
    "init: loading drivers",
  ]);
});
