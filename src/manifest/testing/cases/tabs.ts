import { type Case, tab, many } from "../case.ts";

// biome-ignore format: a table is read by its rows
export const tabsCases: readonly Case[] = [
  { code: "manifest/tab-count", bad: tab(many(11, () => "kind: terminal\n    - ").slice(0, -7)), good: tab(many(10, () => "kind: terminal\n    - ").slice(0, -7)), path: "playground.tabs", line: "tabs:", says: /1 to 10 tabs, this one has 11/ },
  { code: "manifest/tab-kind", bad: tab("{kind: http, name: App, number: 80}"), good: tab("{kind: http-port, name: App, number: 80}"), path: "playground.tabs[0].kind", line: "http", says: /Did you mean "http-port"/, suggests: "http-port" },
  { code: "manifest/tab-id-duplicate", bad: tab("{id: a}\n    - {id: a}"), good: tab("{id: a}\n    - {id: b}"), path: "playground.tabs[1].id", line: "{id: a}\n  initC", says: /two tabs have the id "a"/ },
  { code: "manifest/tab-name-missing", bad: tab("{kind: http-port, number: 80}"), good: tab("{kind: http-port, number: 80, name: App}"), path: "playground.tabs[0].name", line: "http-port", says: /tab 1 \(http-port\) needs a name/ },
  { code: "manifest/tab-machine", bad: tab("{name: Shell, machine: web-1}"), good: tab("{name: Shell, machine: db-01}"), path: "playground.tabs[0].machine", line: "Shell", says: /"Shell" points to machine "web-1", which does not exist. Did you mean "web-01"/, suggests: "web-01" },
  { code: "manifest/tab-machine", severity: "warning", bad: ["      users:\n", "      noSSH: yes\n      users:\n"], good: ["      users:\n", "      noSSH: off\n      users:\n"], path: "playground.tabs[0]", line: "    - machine: web-01", says: /was dropped: machine "web-01" has noSSH/ },
  { code: "manifest/tab-number", bad: tab("{kind: http-port, name: Web UI}"), good: tab("{kind: http-port, name: Web UI, number: '8080'}"), path: "playground.tabs[0].number", line: "Web UI", says: /"Web UI" needs a port number \(1-65535\)/ },
  { code: "manifest/tab-number", bad: tab("{kind: http-port, name: Web UI, number: 65536}"), good: tab("{kind: http-port, name: Web UI, number: 65535}"), path: "playground.tabs[0].number", line: "65536", says: /1 to 65535, found 65536/ },
  { code: "manifest/tab-option", bad: tab("{kind: http-port, name: App, number: 80, access: everyone}"), good: tab("{kind: http-port, name: App, number: 80, access: public}"), path: "playground.tabs[0].access", line: "everyone", says: /private or public/ },
  { code: "manifest/tab-option", bad: tab("{kind: http-port, name: App, number: 80, hostRewrite: 'a b'}"), good: tab("{kind: http-port, name: App, number: 80, hostRewrite: a.b}"), path: "playground.tabs[0].hostRewrite", line: "a b", says: /must be a host name/ },
  { code: "manifest/tab-path-rewrite", bad: tab("{kind: http-port, name: App, number: 80, pathRewrite: app}"), good: tab("{kind: http-port, name: App, number: 80, pathRewrite: /app}"), path: "playground.tabs[0].pathRewrite", line: "app", says: /must start with "\/"/ },
  { code: "manifest/tab-url", bad: tab("{kind: web-page, name: Docs, url: docs.html}"), good: tab("{kind: web-page, name: Docs, url: 'https://example.com/docs'}"), path: "playground.tabs[0].url", line: "docs.html", says: /"Docs" needs an absolute URL/ },
  { code: "manifest/tab-url", bad: tab("{kind: web-page, name: Docs, url: 'javascript:alert(1)'}"), good: tab("{kind: web-page, name: Docs, url: 'http://example.com'}"), path: "playground.tabs[0].url", line: "javascript", says: /absolute URL/ },
];
