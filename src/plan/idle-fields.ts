import type { PlaygroundSpec } from "../manifest/schema.ts";
import type { PlanNotice } from "./plan.ts";

/** What a manifest may say and nothing acts upon yet. A field leaves this list in the commit that makes it work. */
export function idleFields(spec: PlaygroundSpec): PlanNotice[] {
  const idle = (path: string, message: string, machine?: string): PlanNotice => ({
    code: "plan/field-without-effect",
    path: `playground.${path}`,
    message,
    ...(machine === undefined ? {} : { machine }),
  });
  return [
    ...(spec.registryAuth ? [idle("registryAuth", "registryAuth has no effect yet: plays have no registry")] : []),
    ...((spec.portForwards ?? []).length > 0
      ? [idle("portForwards", "portForwards have no effect yet: forward ports from the client")]
      : []),
    ...spec.machines.flatMap(({ name, kernel }, index) =>
      kernel?.snapshot === undefined
        ? []
        : [idle(`machines[${index}].kernel.snapshot`, `the saved kernel of "${name}" is not used yet`, name)],
    ),
  ];
}
