import type { BootCode, NoticeCode } from "../api/problems/notices.ts";
import type { MachinePlan } from "../plan/plan.ts";
import type { PreparedMachine } from "./prepare.ts";

export interface ImageNotice {
  code: BootCode | NoticeCode;
  message: string;
  machine: string;
}

/** What the images of a machine have that is worth a warning; only of its root does it matter how it boots. */
export function imageNotices(machine: MachinePlan, { bases }: Pick<PreparedMachine, "bases">): ImageNotice[] {
  return machine.drives.flatMap(drive => {
    const base = bases[drive.device];
    return (base?.findings ?? [])
      .filter(({ severity, code }) => severity === "warning" && (drive.mount === "/" || !code.startsWith("boot/")))
      .map(({ code, message, fix }) => ({
        code,
        message: `${base?.reference}: ${message}${fix === "" ? "" : `. To mend it: ${fix}`}`,
        machine: machine.name,
      }));
  });
}
