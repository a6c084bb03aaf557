import { checkAccounts } from "./bootability/accounts.ts";
import { checkBuildTraces } from "./bootability/build-traces.ts";
import { checkCollisions } from "./bootability/collisions.ts";
import { checkConsoles } from "./bootability/consoles.ts";
import { checkCrypttab } from "./bootability/crypttab.ts";
import { checkDirectories } from "./bootability/directories.ts";
import { checkExpiredAccounts } from "./bootability/expired-accounts.ts";
import type { BootFinding, Check, InitKind } from "./bootability/finding.ts";
import { checkFstab } from "./bootability/fstab.ts";
import { checkIdentity } from "./bootability/identity.ts";
import { ImageView } from "./bootability/image-view.ts";
import { checkNameService } from "./bootability/name-service.ts";
import { checkNetwork } from "./bootability/network.ts";
import { checkPam } from "./bootability/pam.ts";
import { presentable } from "./bootability/presentable.ts";
import { checkInit, checkPrograms, findInit, noInit } from "./bootability/programs.ts";
import { checkRegion } from "./bootability/region.ts";
import { checkSshd } from "./bootability/sshd.ts";
import { checkTrimmed } from "./bootability/trimmed.ts";
import { checkUnits } from "./bootability/units.ts";
import type { PayloadSource, Tree } from "./tree.ts";

export type { BootFinding, InitKind };

export interface BootReport {
  /** Errors first, then warnings, then what is merely good to know. */
  findings: BootFinding[];
  /** undefined when the image has no init */
  initKind: InitKind | undefined;
}

const checks: readonly Check[] = [
  checkPrograms,
  checkDirectories,
  checkCollisions,
  checkAccounts,
  checkExpiredAccounts,
  checkNameService,
  checkSshd,
  checkPam,
  checkUnits,
  checkConsoles,
  checkFstab,
  checkCrypttab,
  checkIdentity,
  checkNetwork,
  checkBuildTraces,
  checkTrimmed,
  checkRegion,
];
const order = ["error", "warning", "info"];

/**
 * Looks for what would stop an image from becoming a machine, on the tree alone: nothing is run or written.
 *
 * What the platform mends at each start is "info".
 */
export function checkBootability(tree: Tree, payloads: PayloadSource): BootReport {
  const image = new ImageView(tree, payloads);
  const init = findInit(image);
  if (init === undefined) return { findings: presentable([noInit(image)]), initKind: undefined };
  const findings = [...checkInit(image, init.path), ...checks.flatMap(check => [...check(image, init.kind)])];
  return {
    findings: presentable(findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))),
    initKind: init.kind,
  };
}
