import { type Case, web, drive, task, nic } from "../case.ts";
import { sample } from "../sample.ts";

// biome-ignore format: a table is read by its rows
export const documentCases: readonly Case[] = [
  { code: "manifest/kind", bad: ["kind: playground", "kind: tutorial"], good: ["kind: playground", "kind: 'playground'"], path: "kind", line: "kind: tutorial", says: /content document/ },
  { code: "manifest/kind", bad: ["kind: playground\n", ""], good: ["kind: playground", "kind:   playground"], path: "kind", line: "name: two-tier", says: /kind is missing/ },
  { code: "manifest/spec-missing", bad: [sample.slice(sample.indexOf("playground:\n")), "playground: k3s\n"], good: ["title: T", "title:  T"], path: "playground", line: "playground: k3s", says: /found the string "k3s"/ },
  { code: "manifest/unknown-field", severity: "warning", bad: drive("{format: xfs}"), good: drive("{filesystem: xfs}"), path: `${web}.drives[1].format`, line: "format", says: /unknown field "format" in drive 2 of "web-01".*Did you mean "filesystem"/, suggests: "filesystem" },
  { code: "manifest/unknown-field", severity: "warning", bad: ["title:", "descripton: x\ntitle:"], good: ["title:", "description: x\ntitle:"], path: "descripton", line: "descripton", says: /Did you mean "description"/, suggests: "description" },
  { code: "manifest/content-only-field", severity: "warning", bad: task("      hintcheck: echo"), good: task("      name: seed"), path: "playground.initTasks.seed.hintcheck", line: "hintcheck", says: /belongs to content/ },
  { code: "manifest/size-syntax", bad: drive("{size: 2048}"), good: drive("{size: 2048M}"), path: `${web}.drives[1].size`, line: "2048", says: /has no unit; did you mean 2048MiB or 2GiB/ },
  { code: "manifest/size-syntax", severity: "warning", bad: drive("{size: 10Gb}"), good: drive("{size: 10gb}"), path: `${web}.drives[1].size`, line: "10Gb", says: /read as 10GiB/ },
  { code: "manifest/update-incomplete", bad: ["  tabs:\n    - machine: web-01\n", ""], good: ["  tabs:", "  tabs: "], options: { for: "update" }, path: "playground", line: "playground:\n", says: /"tabs" is missing/ },
  { code: "manifest/yaml-syntax", bad: ["        - name: laborant\n", "        - name: laborant\n          welcome: -\n"], good: ["        - name: laborant\n", "        - name: laborant\n          welcome: '-'\n"], path: "", line: "welcome: -", says: /line 15, column 20: a value cannot start with "-"; quote it/ },
  { code: "manifest/yaml-syntax", bad: ["title: Two tiers\n", "title: Two tiers\ntitle: Again\n"], good: ["title: Two tiers", "title: Again"], path: "", line: "Again", says: /"title" appears twice/ },
  { code: "manifest/type", bad: ["  machines:\n", "  machines: {}\n  x:\n"], good: ["title: T", "title:  T"], path: "playground.machines", line: "machines: {}", says: /machines must be a list, found an object/ },
  { code: "manifest/type", bad: ["        - name: laborant\n", `        - {name: laborant, welcome: ${"x".repeat(16_385)}}\n`], good: ["        - name: laborant\n", `        - {name: laborant, welcome: ${"x".repeat(16_384)}}\n`], path: `${web}.users[0].welcome`, line: "welcome", says: /16385 bytes/ },
  { code: "manifest/legacy-form", severity: "warning", bad: ["      users:\n", "      kernel: 6.10\n      users:\n"], good: ["      users:\n", "      kernel: {source: 6.10}\n      users:\n"], path: `${web}.kernel`, line: "kernel: 6.10", says: /use kernel: {source: "6.10"}/ },
  { code: "manifest/legacy-form", severity: "warning", bad: nic("address: 10.0.2.10"), good: nic("{network: back, address: 10.0.2.10}"), path: `${web}.network.interfaces[1]`, line: "10.0.2.10", says: /lies in "back"/, suggests: "back" },
  { code: "manifest/legacy-form", severity: "warning", bad: task("      needs: other\n    other: {init: true, machine: db-01, run: x}"), good: task("      needs: [other]\n    other: {init: true, machine: db-01, run: x}"), path: "playground.initTasks.seed.needs", line: "needs: other", says: /write a list: \[other]/ },
];
