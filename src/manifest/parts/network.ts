import type { z } from "zod";
import { flag, part, text } from "../field.ts";

export const networkSchema = part(
  {
    name: text("Host-name-like, unique in the playground; part of the DNS names `<machine>.<network>`.", {
      code: "manifest/network-name",
    }),
    subnet: text("IPv4 range with prefix length, e.g. `172.16.0.0/24`.", { code: "manifest/network-subnet" }),
    gateway: text("Address of the network's gateway, without a mask.", {
      code: "manifest/network-gateway",
      default: "first free address of the subnet",
    }).optional(),
    private: flag("True: no NAT, no default route through this network, no way out.", { default: "false" }).optional(),
  },
  "One isolated network of the playground.",
  { noun: "network" },
);

export type Network = z.infer<typeof networkSchema>;
