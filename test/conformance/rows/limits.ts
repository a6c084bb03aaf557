import { sampleWith } from "../../../src/manifest/testing/sample.ts";
import {
  condition,
  drive,
  type Edit,
  file,
  forward,
  machine,
  many,
  nic,
  resources,
  tab,
  task,
} from "../../../src/manifest/testing/case.ts";
import { api, type Row, type Stage } from "../row.ts";

/** A document with one change is checked by the server; what it says is the finding. */
function check(field: string, written: string, edit: Edit, expected: RegExp | string): Row {
  const ask: Row["ask"] = async ({ server }) => {
    const { findings } = await server.client.checkManifest({ source: sampleWith(edit), base: "flexbox" });
    return findings.map(({ severity, code, message }) => `${severity} ${code}: ${message}`).join("\n") || "accepted";
  };
  return api(field, written, ask, expected);
}

const users = "      users:\n        - name: laborant\n";
const lists = "    canList: [owner]\n";
const conditionValues = (entry: string) => condition(entry);

export const limits: Stage = {
  title: "What is refused, and what is only warned of",
  rows: [
    check("kind", "tutorial", ["kind: playground", "kind: tutorial"], /^error manifest\/kind: /),
    check("name", "My_Lab", ["name: two-tier", "name: My_Lab"], /^error manifest\/name-invalid: /),
    check("title", "4 characters", ["title: Two tiers", "title: Four"], /^error manifest\/title-length: /),
    check("title", "120 characters", ["title: Two tiers", `title: ${"é".repeat(120)}`], "accepted"),
    check(
      "title",
      "121 characters",
      ["title: Two tiers", `title: ${"é".repeat(121)}`],
      /^error manifest\/title-length: /,
    ),
    check(
      "description",
      "501 characters",
      ["title: Two tiers", `title: Two tiers\ndescription: ${"d".repeat(501)}`],
      /^error manifest\/description-length: .*501/,
    ),
    check("categories", "[k8s]", ["[linux]", "[k8s]"], /^warning manifest\/category-unknown: /),
    check("categories", "absent on create", ["categories: [linux]\n", ""], "accepted"),
    check(
      "markdown",
      "100001 characters",
      ["title: Two tiers", `title: Two tiers\nmarkdown: ${"m".repeat(100_001)}`],
      /^error manifest\/markdown-length: .*100001/,
    ),
    check(
      "cover",
      "picture.png",
      ["title: Two tiers", "title: Two tiers\ncover: picture.png"],
      /^error manifest\/cover-invalid: /,
    ),
    check(
      "playground",
      "a text",
      [sampleWith().slice(sampleWith().indexOf("playground:\n")), "playground: k3s\n"],
      /^error manifest\/spec-missing: /,
    ),
    check(
      "an unknown key",
      "drives[].format: xfs",
      drive("{size: 1GiB, format: xfs}"),
      /^warning manifest\/unknown-field: .*filesystem/,
    ),
    check("networks[].name", "twice local", ["name: back", "name: local"], /error manifest\/network-name: .*twice/),
    check("networks[].subnet", "no prefix length", ["10.0.2.0/24", "10.0.2.0"], /^error manifest\/network-subnet: /),
    check("networks[].subnet", "overlapping", ["10.0.2.0/24", "172.16.0.128/25"], /^error manifest\/network-overlap: /),
    check(
      "networks[].gateway",
      "outside the subnet",
      ["subnet: 10.0.2.0/24", "subnet: 10.0.2.0/24\n      gateway: 10.0.3.1"],
      /^error manifest\/network-gateway: /,
    ),
    check(
      "machines",
      "6 of them",
      ["    - name: db-01\n", `${many(4, index => machine(`m${index}`))}    - name: db-01\n`],
      /^error manifest\/machine-count: .*6|7/,
    ),
    check("machines[].name", "Node_1", ["name: web-01", "name: Node_1"], /error manifest\/machine-name: .*node-1/),
    check("machines[].users", "none", [users, ""], /^error manifest\/machine-no-users: /),
    check(
      "machines[].users[].default",
      "two of them",
      [users, "      users:\n        - {name: root, default: true}\n        - {name: laborant, default: true}\n"],
      /^error manifest\/user-multiple-defaults: /,
    ),
    check(
      "machines[].users[].welcome",
      "'-' without quotes",
      ["- name: laborant", "- name: laborant\n          welcome: -"],
      /^error manifest\/yaml-syntax: /,
    ),
    check(
      "machines[].kernel.source",
      "6.10 (not 6.1)",
      [users, `      kernel: {source: 6.10}\n${users}`],
      /manifest\/kernel-unknown: .*6\.10/,
    ),
    check(
      "machines[].backend",
      "firecraker",
      [users, `      backend: firecraker\n${users}`],
      /^error manifest\/backend-unknown: .*firecracker/,
    ),
    check(
      "machines[].drives",
      "25 of them",
      drive(`{size: 1GiB}\n${many(23, () => "        - {size: 1GiB}\n")}`),
      /^error manifest\/drive-count: .*25/,
    ),
    check("machines[].drives[].size", "512MiB", drive("{size: 512MiB}"), /^error manifest\/drive-size: /),
    check("machines[].drives[].size", "101GiB", drive("{size: 101GiB}"), /^error manifest\/drive-size: /),
    check("machines[].drives[].size", "2048 (no unit)", drive("{size: 2048}"), /^error manifest\/size-syntax: .*MiB/),
    check(
      "machines[].drives[].size",
      "241GiB in all",
      drive("{size: 100GiB}\n        - {size: 100GiB}\n        - {size: 21GiB}"),
      /^error manifest\/drive-total: .*241GiB/,
    ),
    check(
      "machines[].drives[].source",
      "no scheme",
      ["source: debian-12", "source: ghcr.io/me/img:v1"],
      /^error manifest\/drive-source: .*oci:\/\/ghcr\.io\/me\/img:v1/,
    ),
    check("machines[].drives[].filesystem", "ntfs", drive("{filesystem: ntfs}"), /^error manifest\/drive-filesystem: /),
    check("machines[].drives[].mount", "/mnt/../etc", drive("{mount: /mnt/../etc}"), /^error manifest\/drive-mount: /),
    check(
      "machines[].drives[].mount",
      "two roots",
      drive("{source: debian-12, mount: /}"),
      /^error manifest\/machine-no-root-drive: /,
    ),
    check(
      "machines[].drives[].readOnly",
      "on the root drive",
      ["mount: /\n", "mount: /\n          readOnly: true\n"],
      /^error manifest\/root-drive-read-only: /,
    ),
    check(
      "machines[].drives[].snapshot.id, leaseId",
      "{id: s1, leaseId: l1}: nothing can be saved yet",
      drive("{source: snapshot, snapshot: {id: s1, leaseId: l1}}"),
      /^error manifest\/snapshot-reference: .*"s1" does not exist/,
    ),
    check(
      "machines[].kernel.snapshot.id, leaseId",
      "{id: k1, leaseId: l1}: nothing can be saved yet",
      [users, `      kernel: {source: "6.1", snapshot: {id: k1, leaseId: l1}}\n${users}`],
      /^error manifest\/snapshot-reference: .*"k1" does not exist/,
    ),
    check(
      "machines[].network",
      "local (a text)",
      [
        "      network:\n        interfaces:\n          - network: local\n          - network: back\n",
        "      network: local\n",
      ],
      /^error manifest\/machine-no-network: .*must be an object/,
    ),
    check(
      "machines[].network.interfaces[].network",
      "backnd",
      nic("network: backnd"),
      /^error manifest\/interface-network: .*back/,
    ),
    check(
      "machines[].network.interfaces[].address",
      "outside its network",
      nic("{network: back, address: 10.0.3.9}"),
      /^error manifest\/interface-address: /,
    ),
    check(
      "machines[].network.interfaces[].address",
      "that of the gateway",
      nic("{network: back, address: 10.0.2.255}"),
      /^error manifest\/interface-address: /,
    ),
    check("machines[].resources.cpuCount", "0", resources("{cpuCount: 0}"), /^error manifest\/cpu-count: /),
    check("machines[].resources.ramSize", "64MiB", resources("{ramSize: 64MiB}"), /^error manifest\/ram-size: /),
    check("machines[].resources.ramSize", "256MiB", resources("{ramSize: 256MiB}"), /^warning manifest\/ram-size: /),
    check(
      "machines[].startupFiles",
      "11 of them",
      file(many(11, index => `{path: /f${index}, content: x}\n        - `).slice(0, -11)),
      /^error manifest\/startup-file-count: .*11/,
    ),
    check(
      "machines[].startupFiles[].path",
      "etc/app.conf",
      file("{path: etc/app.conf, content: x}"),
      /^error manifest\/startup-file-path: /,
    ),
    check(
      "machines[].startupFiles[].content",
      "more than 256 KiB",
      file(`{path: /a, content: ${"a".repeat(262_145)}}`),
      /^error manifest\/startup-file-content: /,
    ),
    check(
      "machines[].startupFiles[].owner",
      "a:b:c",
      file("{path: /a, content: x, owner: 'a:b:c'}"),
      /^error manifest\/startup-file-owner: /,
    ),
    check(
      "machines[].startupFiles[].mode",
      "rw-r--r--",
      file("{path: /a, content: x, mode: rw-r--r--}"),
      /^error manifest\/startup-file-mode: /,
    ),
    check(
      "tabs",
      "11 of them",
      tab(many(11, index => `{machine: web-01, id: t${index}}\n    - `).slice(0, -7)),
      /^error manifest\/tab-count: .*11/,
    ),
    check("tabs[].kind", "http", tab("{kind: http, machine: web-01}"), /^error manifest\/tab-kind: .*http-port/),
    check(
      "tabs[].name",
      "absent for http-port",
      tab("{kind: http-port, machine: web-01, number: 80}"),
      /^error manifest\/tab-name-missing: /,
    ),
    check(
      "tabs[].number",
      "70000",
      tab("{kind: http-port, name: App, machine: web-01, number: 70000}"),
      /^error manifest\/tab-number: /,
    ),
    check(
      "tabs[].id",
      "given twice",
      tab("{machine: web-01, id: a}\n    - {machine: db-01, id: a}"),
      /^error manifest\/tab-id-duplicate: /,
    ),
    check(
      "tabs[].url",
      "ftp://example.com",
      tab("{kind: web-page, name: Docs, url: 'ftp://example.com'}"),
      /^error manifest\/tab-url: /,
    ),
    check(
      "tabs[].pathRewrite",
      "base",
      tab("{kind: http-port, name: App, machine: web-01, number: 80, pathRewrite: base}"),
      /^error manifest\/tab-path-rewrite: /,
    ),
    check("tabs[].machine", "web-1", tab("{machine: web-1}"), /^error manifest\/tab-machine: .*web-01/),
    check(
      "tabs[].access",
      "everybody",
      tab("{kind: http-port, name: App, machine: web-01, number: 80, access: everybody}"),
      /^error manifest\/tab-option: .*everybody/,
    ),
    check("tabs[].pane", "top", tab("{machine: web-01, pane: top}"), /^error manifest\/tab-option: .*top/),
    check("initTasks.<name>", "init db", ["    seed:\n", '    "init db":\n'], /^error manifest\/task-name: /),
    check("initTasks.<name>.init", "absent", ["      init: true\n", ""], /^warning manifest\/task-not-init: /),
    check(
      "initTasks.<name>.machine",
      "db-1",
      ["machine: db-01\n      run", "machine: db-1\n      run"],
      /^error manifest\/task-invalid: .*db-01/,
    ),
    check("initTasks.<name>.timeout_seconds", "0", task("      timeout_seconds: 0"), /^error manifest\/task-invalid: /),
    check(
      "initTasks.<name>.needs",
      "no such task",
      task("      needs: [sead]"),
      /^error manifest\/task-needs-unknown: /,
    ),
    check("initTasks.<name>.needs", "itself", task("      needs: [seed]"), /^error manifest\/task-cycle: /),
    check(
      "initTasks.<name>.conditions[].key",
      "undeclared",
      task("      conditions: [{key: flavour, value: nginx}]"),
      /^error manifest\/condition-unknown: .*flavor/,
    ),
    check(
      "initTasks.<name>.conditions[].value",
      "not an option",
      task("      conditions: [{key: flavor, value: apache}]"),
      /^error manifest\/condition-unknown: .*apache/,
    ),
    check(
      "initTasks.<name>.run",
      "#!/usr/bin/env python3",
      ["run: echo seed", 'run: "#!/usr/bin/env python3\\nprint(1)"'],
      /^warning manifest\/task-invalid: .*bash/,
    ),
    check(
      "initConditions.values[].default",
      "not an option",
      conditionValues("{key: flavor, default: apache, options: [nginx]}"),
      /^error manifest\/init-condition-options: /,
    ),
    check(
      "initConditions.values[].options",
      "one of them twice",
      conditionValues("{key: flavor, options: [nginx, nginx]}"),
      /^error manifest\/init-condition-options: /,
    ),
    check(
      "initConditions.values[].key",
      "65 characters",
      conditionValues(`{key: ${"k".repeat(65)}}`),
      /^error manifest\/init-condition-key: /,
    ),
    check(
      "initConditions.values[].validationRegex",
      "(?<=a)b",
      conditionValues('{key: flavor, validationRegex: "(?<=a)b"}'),
      /^error manifest\/init-condition-regex: /,
    ),
    check(
      "registryAuth",
      "no password",
      ["  tabs:\n", "  registryAuth: someone\n  tabs:\n"],
      /^error manifest\/registry-auth: /,
    ),
    check(
      "portForwards[].kind",
      "dynamic",
      forward("{kind: dynamic, machine: web-01, remotePort: 80}"),
      /^error manifest\/port-forward: .*dynamic/,
    ),
    check(
      "portForwards[].machine",
      "web-1",
      forward("{kind: local, machine: web-1, remotePort: 80}"),
      /^error manifest\/port-forward: .*web-1/,
    ),
    check(
      "portForwards[].remotePort",
      "70000",
      forward("{kind: local, machine: web-01, remotePort: 70000}"),
      /^error manifest\/port-forward: /,
    ),
    check("accessControl.canList", "absent", [lists, ""], /^error manifest\/access-control: /),
    check(
      "accessControl.canList",
      "[role:registered]",
      [lists, "    canList: [role:registered]\n"],
      /^error manifest\/access-control: .*authenticated/,
    ),
  ],
};
