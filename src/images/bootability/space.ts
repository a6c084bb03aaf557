import type { BootFinding } from "./finding.ts";

const gibibyte = 1024 ** 3;

/** What to say about a drive of this size for content that needs `requiredBytes`, a tenth of free space included. */
export function checkSpace(requiredBytes: number, driveBytes: number): BootFinding[] {
  if (requiredBytes <= driveBytes) return [];
  return [
    {
      code: "boot/little-space",
      severity: "warning",
      message: `less than a tenth of the drive of ${inGiB(driveBytes)} is free; with room to work the image needs ${inGiB(requiredBytes)}`,
      path: "/",
      fix: `Give the drive a size of at least ${Math.ceil(requiredBytes / gibibyte)}GiB, or leave the size out.`,
    },
  ];
}

function inGiB(bytes: number): string {
  return `${(bytes / gibibyte).toFixed(1)} GiB`;
}
