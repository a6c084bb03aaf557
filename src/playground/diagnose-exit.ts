import { Problem } from "../api/problems.ts";
import type { VmExit } from "../vm/machine.ts";

/** What to tell about a machine that ended without being asked to; undefined when it was its guest's own wish. */
export function diagnoseExit(machine: string, exit: VmExit, bootStep: string, wasReady: boolean): Problem | undefined {
  if (exit.reason === "shutdown" && wasReady) return undefined;
  const details = [
    ...exit.consoleLines.slice(-15),
    ...(exit.stderr === "" ? [] : exit.stderr.trim().split("\n").slice(-5)),
  ];
  const step = wasReady ? "running" : bootStep;
  const where = { machine, step };
  switch (exit.reason) {
    case "shutdown":
      return new Problem("playground/machine-died", {
        message: `${machine} switched itself off while it started (${step})`,
        hint: "The last console lines say why. Check that the image boots: it needs an init and a clean root file system.",
        where,
        details,
      });
    case "panic":
      return new Problem("playground/machine-died", {
        message: `the kernel of ${machine} panicked (${step})`,
        hint: "The last console lines name the cause; too little memory and a missing init are the usual ones.",
        where,
        details,
      });
    default: {
      const how = exit.signal ? `by ${exit.signal}` : `with exit code ${exit.exitCode}`;
      return new Problem("playground/machine-died", {
        message: `the virtual machine monitor of ${machine} ended ${how} (${step})`,
        hint: "Restart the machine; if it happens again, look at the host's memory and kernel log.",
        where,
        details,
      });
    }
  }
}
