import type { Manifest } from "../manifest/schema.ts";
import type { HostFacts } from "./plan.ts";

export const smallHost: HostFacts = {
  limits: { machine: { vcpus: 2, memoryMiB: 4096 }, play: { vcpus: 5, memoryMiB: 8192 } },
  kernels: ["6.1", "6.12"],
  backends: ["qemu"],
  acceleration: "tcg",
  addresses: ["192.0.2.2"],
  imageAliases: { "lab-base": "oci://registry.example/lab/base:v2" },
  registry: { aliases: ["registry.example.test"], maxBytes: 10 * 1024 ** 3 },
};

export const largeLimits: HostFacts["limits"] = {
  machine: { vcpus: 4, memoryMiB: 10_240 },
  play: { vcpus: 10, memoryMiB: 16_384 },
};

/** Two machines, two networks of which one is private, and one of everything else. */
export const netLab: Manifest = {
  name: "net-lab",
  base: "flexbox",
  title: "Two Segment Lab",
  playground: {
    networks: [
      { name: "front", subnet: "10.0.1.0/24" },
      { name: "back", subnet: "10.0.2.0/24", gateway: "10.0.2.254", private: true },
    ],
    machines: [
      {
        name: "web-01",
        users: [{ name: "root" }, { name: "laborant", default: true, welcome: "The app listens on port 8080." }],
        kernel: { source: "6.12" },
        drives: [
          { mount: "/mnt/data", size: "5GiB", filesystem: "xfs" },
          { source: "debian-12", mount: "/", size: "20GiB" },
          { size: "10GiB" },
        ],
        network: { interfaces: [{ network: "front", address: "10.0.1.10/24" }, { network: "back" }] },
        resources: { cpuCount: 2, ramSize: "2GiB" },
        startupFiles: [{ path: "/home/laborant/.bashrc", append: true, content: "alias k=kubectl\n" }],
      },
      {
        name: "db-01",
        noSSH: true,
        backend: "firecracker",
        users: [{ name: "root", default: true, welcome: "-" }],
        drives: [{ source: "oci://registry.example/db:v3", mount: "/" }],
        network: { interfaces: [{ network: "back", address: "10.0.2.20" }] },
        startupFiles: [{ path: "/etc/db.conf", content: "x", owner: "root:root", mode: "0600" }],
      },
    ],
    tabs: [
      { kind: "terminal", machine: "web-01" },
      { kind: "terminal", machine: "db-01" },
      { kind: "http-port", name: "App", machine: "web-01", number: 8080, access: "public" },
      { kind: "http-port", name: "Admin", machine: "web-01", number: 8081 },
      { kind: "web-page", name: "The Docs!", url: "https://example.org/" },
    ],
    initConditions: { values: [{ key: "Database engine", default: "pg", options: ["pg", "mysql"] }] },
    initTasks: {
      start_app: { init: true, machine: "web-01", user: "laborant", needs: ["seed_pg", "seed_mysql"], run: "./start" },
      seed_pg: {
        init: true,
        machine: "db-01",
        timeout_seconds: 300,
        conditions: [{ key: "Database engine", value: "pg" }],
        run: "systemctl start postgresql",
      },
      seed_mysql: {
        init: true,
        machine: "db-01",
        conditions: [{ key: "Database engine", value: "mysql" }],
        run: "systemctl start mysql",
      },
    },
    registryAuth: "someone:secret",
    accessControl: { canList: ["owner"], canRead: ["owner"], canStart: ["owner"] },
  },
};
