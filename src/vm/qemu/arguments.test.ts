import assert from "node:assert/strict";
import { test } from "node:test";
import type { VmSpec } from "../machine.ts";
import { qemuArguments } from "./arguments.ts";

const spec: VmSpec = {
  name: "web-01",
  uuid: "11111111-2222-4333-8444-555555555555",
  vcpus: 2,
  memoryMiB: 2048,
  acceleration: "tcg",
  kernelImage: "/k/vmlinux",
  kernelArguments: "console=ttyS0 quiet",
  initrd: "/p/initrd.cpio",
  drives: [
    { path: "/p/vda.qcow2", format: "qcow2", readOnly: false, backing: { path: "/i/base,1.raw", format: "raw" } },
    { path: "/p/vdb.raw", format: "raw", readOnly: true },
  ],
  modulesDrive: "/k/modules.ext4",
  taps: [{ tap: "m0e0", mac: "02:00:00:00:00:01" }],
};
const facts = { program: "qemu-system-x86_64", machineType: "pc-q35-7.2" };

test("the whole command line of a machine", t => t.assert.snapshot(qemuArguments(spec, facts)));

test("KVM changes the accelerator and the processor, nothing else", () => {
  const emulated = qemuArguments(spec, facts);
  const virtual = qemuArguments({ ...spec, acceleration: "kvm" }, facts);
  const changed = virtual.filter(argument => !emulated.includes(argument));
  assert.deepEqual(changed, ["kvm", "host"]);
});

test("every device has its own place, in the order of the lists", () => {
  const drives = Array.from({ length: 24 }, (_, index) => ({
    path: `/d${index}`,
    format: "raw" as const,
    readOnly: false,
  }));
  const taps = Array.from({ length: 20 }, (_, index) => ({ tap: `m0e${index}`, mac: `02:00:00:00:00:${index + 10}` }));
  const devices = qemuArguments({ ...spec, drives, taps }, facts).filter(argument => argument.includes("addr="));
  const places = devices.map(device => {
    const [, slot = "", part = ""] = /addr=0x([0-9a-f]+)\.0x([0-7])/.exec(device) ?? [];
    return Number.parseInt(slot, 16) * 8 + Number(part);
  });
  assert.equal(devices.length, 24 + 1 + 20 + 2);
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(places).size, places.length);
  // A slot exists only through its function 0; 0 is the host bridge, 31 the chipset.
  for (const at of places) assert.ok(places.includes(at - (at % 8)) && at >= 8 && at < 31 * 8);
});

test("no drive is opened by guessing: formats are said, a missing backing file is said to be missing", () => {
  const nodes = qemuArguments({ ...spec, drives: [{ path: "/d", format: "qcow2", readOnly: false }] }, facts)
    .filter(argument => argument.startsWith("{"))
    .map(argument => JSON.parse(argument) as Record<string, unknown>);
  assert.equal(nodes[0]?.backing, null);
  assert.deepEqual(
    nodes.map(node => node.driver),
    ["qcow2", "raw"],
  );
});
