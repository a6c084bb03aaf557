import { hostCounterKHz } from "./host-counter.ts";

/** The x86 kernel keeps this many bytes of its command line and drops the rest in silence. */
const commandLineBytesMax = 2047;

/**
 * The kernel's command line for a machine of ours.
 *
 * Errors stay visible with `quiet`, and a panic always prints. `panic=-1` reboots at once, which the monitor turns
 * into the end of the machine: a kernel that hangs after a panic looks like one that works. Interfaces keep the
 * kernel's names so that the manifest's order holds.
 */
export function kernelArguments(
  acceleration: "kvm" | "tcg",
  extra: readonly string[] = [],
  counterKHz: number | undefined = acceleration === "tcg" ? hostCounterKHz() : undefined,
): string {
  const all = [
    "console=ttyS0",
    "quiet",
    "panic=-1",
    "net.ifnames=0",
    // Crypto self-tests of every boot: 0.25 s under emulation, and Debian's build has passed them.
    "cryptomgr.notests",
    ...(acceleration === "tcg" ? emulationArguments : []),
    // A kernel that is held up while it measures the counter has a clock that runs too fast until the next boot.
    ...(counterKHz === undefined ? [] : [`tsc_early_khz=${counterKHz}`]),
    ...extra,
  ];
  const text = all.join(" ");
  if (Buffer.byteLength(text) > commandLineBytesMax) {
    throw new Error(
      `the kernel command line is ${Buffer.byteLength(text)} bytes long, at most ${commandLineBytesMax} arrive`,
    );
  }
  return text;
}

const emulationArguments = [
  // There is no speculation to defend against where every instruction is translated.
  "mitigations=off",
  // The emulated counter is steady; without this the kernel prefers the HPET, which costs an exit at every look at the clock.
  "tsc=reliable",
  // The timer check fails when the host is too busy to deliver ten ticks in time, and panics.
  "no_timer_check",
];
