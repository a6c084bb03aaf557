import assert from "node:assert/strict";
import { test } from "node:test";
import { largeLimits, smallHost } from "./fixtures.ts";
import { planResources } from "./resources.ts";

const ask = (count: number, vcpus?: number, memoryMiB?: number) =>
  Array.from({ length: count }, (_, index) => ({ machine: `m${index}`, vcpus, memoryMiB }));

test("three machines of 2 vCPU and 4GiB on the small plan", () => {
  const { resources, notices } = planResources(ask(3, 2, 4096), smallHost.limits);
  assert.deepEqual(resources, Array(3).fill({ vcpus: 1, memoryMiB: 2688 }));
  assert.equal(notices.length, 3);
  assert.deepEqual(notices[0], {
    code: "resources/scaled-down",
    machine: "m0",
    message:
      'machine "m0" gets 1 instead of 2 vCPU and 2688 instead of 4096 MiB of memory: the limits here are ' +
      "2 vCPU and 4096 MiB per machine, 5 vCPU and 8192 MiB per play",
  });
});

test("four machines of 4 vCPU and 8GiB on the large plan", () => {
  assert.deepEqual(planResources(ask(4, 4, 8192), largeLimits).resources, Array(4).fill({ vcpus: 2, memoryMiB: 4096 }));
});

test("one machine above the limit of a machine is clamped", () => {
  assert.deepEqual(planResources(ask(1, 64, 65_536), largeLimits).resources, [{ vcpus: 4, memoryMiB: 10_240 }]);
});

test("a request within the limits is kept as it is, odd sizes too", () => {
  assert.deepEqual(planResources(ask(2, 1, 1000), largeLimits), {
    resources: Array(2).fill({ vcpus: 1, memoryMiB: 1000 }),
    notices: [],
  });
});

test("without a request the default applies and nothing is reported", () => {
  const { resources, notices } = planResources(ask(5), smallHost.limits);
  assert.deepEqual(resources, Array(5).fill({ vcpus: 1, memoryMiB: 1536 }));
  assert.deepEqual(notices, []);
  assert.deepEqual(planResources(ask(1), largeLimits).resources, [{ vcpus: 2, memoryMiB: 4096 }]);
});

test("a small request is not scaled below itself", () => {
  const tight = { machine: { vcpus: 1, memoryMiB: 1024 }, play: { vcpus: 1, memoryMiB: 1024 } };
  const requests = [...ask(1, 1, 256), ...ask(2, 1, 1024)];
  assert.deepEqual(
    planResources(requests, tight).resources.map(each => each.memoryMiB),
    [256, 512, 512],
  );
});
