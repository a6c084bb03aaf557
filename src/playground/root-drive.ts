import type { DrivePlan, MachinePlan } from "../plan/plan.ts";

/** The drive mounted at "/"; a checked manifest has exactly one. */
export function rootDrive(machine: MachinePlan): DrivePlan {
  const drive = machine.drives.find(candidate => candidate.mount === "/");
  if (drive === undefined) throw new Error(`machine ${machine.name} has no root drive`);
  return drive;
}
