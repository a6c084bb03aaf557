import assert from "node:assert/strict";
import { test } from "node:test";
import type { BaseDrive } from "../images/base-drive.ts";
import type { BootFinding } from "../images/bootability.ts";
import type { MachinePlan } from "../plan/plan.ts";
import { imageNotices } from "./image-notices.ts";

const finding = (severity: BootFinding["severity"], code: BootFinding["code"], fix = "RUN mend"): BootFinding => ({
  code,
  severity,
  message: `${code} is so`,
  path: "/x",
  fix,
});

const base = (reference: string, ...findings: BootFinding[]) => ({ reference, findings }) as BaseDrive;

test("warnings of the root's image become notices, of other drives only those that are not about booting", () => {
  const machine = { name: "dev", drives: [{ device: "vda", mount: "/" }, { device: "vdb" }, { device: "vdc" }] };
  const bases = {
    vda: base("lab", finding("warning", "boot/a"), finding("info", "boot/b"), finding("warning", "boot/c", "")),
    vdb: base("data", finding("warning", "boot/a"), finding("warning", "image/stale-tag")),
  };
  assert.deepEqual(imageNotices(machine as MachinePlan, { bases }), [
    { code: "boot/a", message: "lab: boot/a is so. To mend it: RUN mend", machine: "dev" },
    { code: "boot/c", message: "lab: boot/c is so", machine: "dev" },
    { code: "image/stale-tag", message: "data: image/stale-tag is so. To mend it: RUN mend", machine: "dev" },
  ]);
});
