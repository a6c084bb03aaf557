import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readBuiltIn } from "../built-in.ts";
import type { CheckOptions } from "../check.ts";
import type { FindingCode, FindingSeverity } from "../finding.ts";
import type { Manifest } from "../schema.ts";

/** A text of the sample and what to put in its place. */
export type Edit = readonly [string, string];

/** One finding: a document that has it, and its nearest neighbour that is valid. */
export interface Case {
  code: FindingCode;
  severity?: FindingSeverity;
  bad: Edit;
  good: Edit;
  path: string;
  /** Text on the line the finding must point at; a finding about something absent points at what encloses it. */
  line: string;
  says: RegExp;
  suggests?: string;
  options?: Partial<CheckOptions>;
}

export const web = "playground.machines[0]";
export const webDrive = "        - source: debian-12\n          mount: /\n";

export const drive = (entry: string): Edit => [webDrive, `${webDrive}        - ${entry}\n`];
export const file = (entry: string): Edit => [
  "      users:\n",
  `      startupFiles:\n        - ${entry}\n      users:\n`,
];
export const tab = (entry: string): Edit => ["    - machine: web-01\n", `    - ${entry}\n`];
export const task = (lines: string): Edit => ["      run: echo seed\n", `      run: echo seed\n${lines}\n`];
export const resources = (entry: string): Edit => ["      users:\n", `      resources: ${entry}\n      users:\n`];
export const nic = (entry: string): Edit => ["          - network: back\n", `          - ${entry}\n`];
export const forward = (entry: string): Edit => ["  tabs:\n", `  portForwards:\n    - ${entry}\n  tabs:\n`];
export const condition = (entry: string): Edit => [
  "      - key: flavor\n        options: [nginx, caddy]\n",
  `      - ${entry}\n`,
];

export const many = (count: number, item: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => item(index)).join("");

export const machine = (name: string): string =>
  `    - {name: ${name}, users: [{name: root}], drives: [{source: debian-12, mount: /}], network: {interfaces: [{network: local}]}}\n`;

/** A base playground of the catalogue, checked. */
export function catalogued(name: string): Manifest {
  const source = readFileSync(new URL(`../../../playgrounds/${name}.yaml`, import.meta.url));
  const { manifest, findings } = readBuiltIn(source);
  assert.deepEqual(findings, []);
  assert.ok(manifest);
  return manifest;
}

export const debian: Manifest = catalogued("debian-12");
