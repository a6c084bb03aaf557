import { Problem } from "../api/problems.ts";
import { defaults } from "../manifest/limits.ts";
import type { Machine } from "../manifest/schema.ts";
import type { HostFacts, MachinePlan, PlanNotice } from "./plan.ts";

/**
 * The engine that runs a machine. One that the host cannot run is a preference, not a condition: QEMU takes the
 * machine and a notice says so, because a play that runs teaches more than a refusal.
 */
export function chooseBackend(
  machine: Pick<Machine, "name" | "backend">,
  host: HostFacts,
): { backend: MachinePlan["backend"]; notices: PlanNotice[] } {
  const { name, backend = "qemu" } = machine;
  if (backend === "qemu" || host.backends.includes(backend)) return { backend, notices: [] };
  const lost = backend === "cloud-hypervisor" ? "; nested virtualization is not available" : "";
  return {
    backend: "qemu",
    notices: [
      {
        code: "vm/backend-substituted",
        machine: name,
        message: `machine "${name}" asks for ${backend}, which this host cannot run: it runs on qemu${lost}`,
      },
    ],
  };
}

/** The kernel version to boot. Throws `manifest/kernel-unknown` with those that are here; nothing is substituted. */
export function chooseKernel({ name, kernel }: Pick<Machine, "name" | "kernel">, host: HostFacts): string {
  const version = kernel?.source ?? defaults.kernel;
  if (host.kernels.includes(version)) return version;
  throw new Problem("manifest/kernel-unknown", {
    message: `kernel ${version} is not available here (available: ${host.kernels.join(", ") || "none"})`,
    where: { machine: name, step: "plan" },
  });
}
