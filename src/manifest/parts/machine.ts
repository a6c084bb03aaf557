import type { z } from "zod";
import { choice, flag, integer, list, part, text } from "../field.ts";
import { driveSchema, snapshotSchema } from "./drive.ts";
import { startupFileSchema } from "./startup-file.ts";
import { userSchema } from "./user.ts";

const backends = ["qemu", "firecracker", "cloud-hypervisor"] as const;

export const interfaceSchema = part(
  {
    network: text("The network to join. Required on the first interface.", { code: "manifest/interface-network" }),
    address: text("Static IPv4 address, with or without a mask.", {
      code: "manifest/interface-address",
      default: "first free address of the subnet",
    }).optional(),
  },
  "A network interface; they appear as eth0, eth1, … in list order.",
  { noun: "interface", misspellings: { ip: "address", ipAddress: "address" } },
);

const machineNetworkSchema = part(
  { interfaces: list(interfaceSchema, "The machine's interfaces, 1 to 8.") },
  "How the machine is connected.",
  {
    noun: "network",
    code: "manifest/machine-no-network",
    example: "network: {interfaces: [{network: local}]}",
  },
);

const resourcesSchema = part(
  {
    cpuCount: integer("Virtual CPUs, at least 1.", {
      code: "manifest/cpu-count",
      zeroIsAbsent: true,
      default: "computed",
    }).optional(),
    ramSize: text("Memory, e.g. `512MiB` or `2GiB`; at least `128MiB`.", {
      form: "size",
      default: "computed",
    }).optional(),
  },
  "What the machine asks for; requests above the limits of the installation are scaled down, never refused.",
  {
    noun: "resources",
    misspellings: {
      ram: "ramSize",
      memory: "ramSize",
      mem: "ramSize",
      cpu: "cpuCount",
      cpus: "cpuCount",
      vcpu: "cpuCount",
    },
  },
);

const kernelSchema = part(
  {
    source: text("Kernel version to boot, e.g. `5.10`, `6.1`, `6.12`.", {
      code: "manifest/kernel-unknown",
      default: "`6.1`",
    }).optional(),
    snapshot: snapshotSchema.optional(),
  },
  "The kernel of the machine.",
  { noun: "kernel" },
);

export const machineSchema = part(
  {
    name: text("Host name of the machine and its DNS name in the playground.", { code: "manifest/machine-name" }),
    users: list(userSchema, "1 to 50 users.", { inherited: true }),
    backend: choice(backends, "The engine that should run the machine.", {
      code: "manifest/backend-unknown",
      default: "the host's default",
    }).optional(),
    kernel: kernelSchema.optional(),
    drives: list(driveSchema, "1 to 24 drives.", { inherited: true }),
    network: machineNetworkSchema,
    resources: resourcesSchema.optional(),
    startupFiles: list(startupFileSchema, "At most 10 files.", { emptyIsAbsent: true }).optional(),
    noSSH: flag("True: no ssh with a user, no terminal and no IDE tab for this machine.", {
      default: "false",
    }).optional(),
  },
  "A virtual machine.",
  {
    noun: "machine",
    aliases: { noSsh: "noSSH", nossh: "noSSH" },
    misspellings: {
      hostname: "name",
      ram: "resources.ramSize",
      memory: "resources.ramSize",
      cpu: "resources.cpuCount",
    },
  },
);

export type Machine = z.infer<typeof machineSchema>;
export type MachineInterface = z.infer<typeof interfaceSchema>;
