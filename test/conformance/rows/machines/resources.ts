import { api, inside, type Row } from "../../row.ts";
import { inner, notices } from "./questions.ts";
import { machinesOf, tried } from "../../tried.ts";

const hostMemory: Row = api(
  "machines[].resources",
  "2304MiB, beside 2560MiB on a host that gives 4096MiB",
  world => tried(world, machinesOf(["a", "b", "c"]), async () => "started"),
  /^server\/host-full: .*needs 2304MiB.*limit of this host/,
);

export const resources: Row[] = [
  inside("edge", "machines[].kernel.source", '"6.1"', "uname -r", /^6\.1\./),
  inside(
    "edge",
    "kernel modules",
    "nothing",
    "modprobe -a overlay br_netfilter nf_conntrack wireguard && grep -Ec '^(overlay|br_netfilter|nf_conntrack|wireguard) ' /proc/modules",
    "4",
  ),
  api(
    "machines[].backend",
    "firecracker (not here)",
    notices,
    /^vm\/backend-substituted: .*"edge".*firecracker.*qemu/m,
  ),
  inside(
    "edge",
    "machines[].resources",
    "1 vCPU, 0.75GiB",
    `nproc; awk '/MemTotal/ { print ($2 > 640 * 1024 && $2 <= 768 * 1024 ? "about 768 MiB" : $2) }' /proc/meminfo`,
    "1\nabout 768 MiB",
  ),
  inside(
    "store",
    "machines[].resources",
    "8 vCPU, 2GiB (limit 2, 1GiB)",
    `nproc; awk '/MemTotal/ { print ($2 > 850 * 1024 && $2 <= 1024 * 1024 ? "about 1 GiB" : $2) }' /proc/meminfo`,
    "2\nabout 1 GiB",
  ),
  inner(
    "machines[].resources",
    "absent",
    `nproc; awk '/MemTotal/ { print ($2 > 640 * 1024 && $2 <= 768 * 1024 ? "about 768 MiB" : $2) }' /proc/meminfo`,
    "2\nabout 768 MiB",
  ),
  api(
    "machines[].resources",
    "scaled down: told at the start",
    notices,
    /^resources\/scaled-down: .*"store" gets 2 instead of 8 vCPU and 1024 instead of 2048 MiB/m,
  ),
  api(
    "machines[].resources",
    "shown by status",
    async ({ server, playId }) => (await server.cli(["playground", "status", playId])).stdout,
    /^edge .*1 vCPU, 768MiB[\s\S]*^store .*2 vCPU, 1GiB[\s\S]*^inner .*2 vCPU, 768MiB/m,
  ),
  hostMemory,
];
