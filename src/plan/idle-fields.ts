import type { PlaygroundSpec } from "../manifest/schema.ts";
import type { PlanNotice } from "./plan.ts";

/** What a manifest may say and nothing acts upon yet. A field leaves this list in the commit that makes it work. */
export function idleFields(spec: PlaygroundSpec): PlanNotice[] {
  return spec.machines.flatMap(({ name, drives }, index) =>
    drives.flatMap(({ persistent }, driveIndex) => {
      if (persistent === undefined) return [];
      return [
        {
          code: "start/field-without-effect" as const,
          path: `playground.machines[${index}].drives[${driveIndex}].persistent`,
          message: `drive ${driveIndex + 1} of ${name}: persistent has no effect: all drives survive stop and restart`,
          machine: name,
        },
      ];
    }),
  );
}
