import { Problem } from "../api/problems.ts";
import type { VmExit } from "../vm/machine.ts";

/** Registers and stack, which say nothing to most people, follow it. */
const panicLine = /Kernel panic - not syncing: (.+)$/;

/** What to tell about a machine that ended without being asked to; undefined when it was its guest's own wish. */
export function diagnoseExit(machine: string, exit: VmExit, bootStep: string, wasReady: boolean): Problem | undefined {
  if (exit.reason === "shutdown" && wasReady) return undefined;
  const panicAt = exit.reason === "panic" ? exit.consoleLines.findIndex(line => panicLine.test(line)) : -1;
  const details = [
    ...(panicAt < 0 ? exit.consoleLines.slice(-15) : exit.consoleLines.slice(Math.max(0, panicAt - 10), panicAt + 5)),
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
    case "panic": {
      const cause = panicLine.exec(exit.consoleLines[panicAt] ?? "")?.[1];
      return new Problem("playground/machine-died", {
        message: `the kernel of ${machine} panicked (${step})${cause === undefined ? "" : `: ${cause.slice(0, 200)}`}`,
        hint: "The last console lines name the cause; too little memory and a missing init are the usual ones.",
        where,
        details,
      });
    }
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
