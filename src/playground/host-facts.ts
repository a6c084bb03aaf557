import { networkInterfaces } from "node:os";
import type { HostFacts } from "../plan/plan.ts";
import type { Paths } from "../store/paths.ts";
import { knownKernels } from "../vm/kernels/catalogue.ts";
import { requireAcceleration } from "../vm/probe.ts";

/** What planning has to know of this host. The acceleration probe boots a kernel the first time and is remembered. */
export async function hostFacts(
  paths: Paths,
  { registry, imageAliases = {} }: Pick<HostFacts, "registry"> & Partial<Pick<HostFacts, "imageAliases">>,
  signal: AbortSignal,
): Promise<Omit<HostFacts, "limits">> {
  return {
    registry,
    imageAliases,
    kernels: await knownKernels(paths),
    backends: ["qemu"],
    acceleration: await requireAcceleration({ paths, signal }),
    addresses: hostAddresses(),
  };
}

function hostAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap(addresses =>
    (addresses ?? []).filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address),
  );
}
