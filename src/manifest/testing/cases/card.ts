import { type Case, many } from "../case.ts";

// biome-ignore format: a table is read by its rows
export const cardCases: readonly Case[] = [
  { code: "manifest/name-invalid", bad: ["two-tier", "My_Lab"], good: ["two-tier", "my-lab"], path: "name", line: "My_Lab", says: /"My_Lab" is not valid/, suggests: "my-lab" },
  { code: "manifest/name-invalid", bad: ["two-tier", "a".repeat(55)], good: ["two-tier", "a".repeat(54)], path: "name", line: "name: aaa", says: /55 characters, the limit is 54/ },
  { code: "manifest/name-mismatch", bad: ["two-tier", "lab-a"], good: ["two-tier", "lab-b"], options: { name: "lab-b" }, path: "name", line: "lab-a", says: /"lab-a" but the command says "lab-b"/ },
  { code: "manifest/base-unknown", bad: ["title:", "base: flexbux\ntitle:"], good: ["title:", "base: flexbox\ntitle:"], options: { knownBases: ["flexbox", "debian-12"] }, path: "base", line: "flexbux", says: /Did you mean "flexbox"/, suggests: "flexbox" },
  { code: "manifest/title-length", bad: ["Two tiers", "Two "], good: ["Two tiers", "Two 1"], path: "title", line: "title:", says: /5 to 120 characters, this one has 3/ },
  { code: "manifest/title-length", bad: ["title: Two tiers\n", ""], good: ["Two tiers", "x".repeat(120)], path: "title", line: "kind:", says: /no title/ },
  { code: "manifest/description-length", bad: ["title:", `description: ${"x".repeat(501)}\ntitle:`], good: ["title:", `description: ${"é".repeat(500)}\ntitle:`], path: "description", line: "description", says: /501 characters, the limit is 500/ },
  { code: "manifest/category-unknown", severity: "warning", bad: ["[linux]", "[linux, k8s]"], good: ["[linux]", "[linux, kubernetes]"], path: "categories[1]", line: "k8s", says: /Did you mean "kubernetes"/, suggests: "kubernetes" },
  { code: "manifest/markdown-length", bad: ["title:", `markdown: ${"x".repeat(100_001)}\ntitle:`], good: ["title:", `markdown: ${"x".repeat(100_000)}\ntitle:`], path: "markdown", line: "markdown", says: /100001 characters/ },
  { code: "manifest/cover-invalid", bad: ["title:", "cover: cover.png\ntitle:"], good: ["title:", "cover: /content/cover.png\ntitle:"], path: "cover", line: "cover", says: /URL or a path/ },
  { code: "manifest/base-unknown", bad: ["title:", "description: x\ntitle:"], good: ["title:", "base: flexbox\ntitle:"], options: { knownBases: ["flexbox"] }, path: "base", line: "kind:", says: /has no base; "flexbox" takes any machines/ },
  { code: "manifest/title-length", bad: ["Two tiers", "é".repeat(121)], good: ["Two tiers", "é".repeat(120)], path: "title", line: "title:", says: /this one has 121/ },
  { code: "manifest/category-unknown", bad: ["[linux]", `[${many(21, () => "linux, ")}]`], good: ["[linux]", `[${many(20, () => "linux, ")}]`], path: "categories", line: "categories", says: /at most 20 categories, this one has 21/ },
  { code: "manifest/category-unknown", bad: ["[linux]", `[${"x".repeat(51)}]`], good: ["[linux]", `[${"x".repeat(50)}]`], path: "categories[0]", line: "categories", says: /more than 50 characters/ },
  { code: "manifest/cover-invalid", bad: ["title:", `cover: /${"x".repeat(2000)}\ntitle:`], good: ["title:", `cover: /${"x".repeat(1999)}\ntitle:`], path: "cover", line: "cover", says: /2001 characters, the limit is 2000/ },
  { code: "manifest/cover-invalid", bad: ["title:", "cover: //evil.example/x.png\ntitle:"], good: ["title:", "cover: https://example.com/x.png\ntitle:"], path: "cover", line: "cover", says: /URL or a path/ },
  { code: "manifest/base-unknown", bad: ["title:", `base: ${"x".repeat(64)}\ntitle:`], good: ["title:", `base: ${"x".repeat(63)}\ntitle:`], path: "base", line: "base: x", says: /has 64 characters, the limit is 63/ },
];
