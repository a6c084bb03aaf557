import { existsSync, readFileSync } from "node:fs";

let known: { kHz: number | undefined } | undefined;

/**
 * How fast this host's time stamp counter runs, in kHz, or undefined where that cannot be read off. Emulated machines
 * see the same counter.
 */
export function hostCounterKHz(): number | undefined {
  known ??= {
    kHz: parseCounterKHz(
      readFileSync("/proc/cpuinfo", "utf8"),
      existsSync("/sys/devices/system/cpu/cpu0/cpufreq") || existsSync("/sys/devices/system/cpu/cpufreq/policy0"),
    ),
  };
  return known.kHz;
}

/**
 * The text of /proc/cpuinfo. Its "cpu MHz" is the counter's speed only where the counter is constant and nothing
 * scales the processor, as on virtual hosts; elsewhere it is the processor's speed of the moment.
 */
export function parseCounterKHz(cpuinfo: string, hasFrequencyScaling: boolean): number | undefined {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.split(" ") ?? [];
  const speeds = [...cpuinfo.matchAll(/^cpu MHz\s*:\s*(\d+\.\d{3})$/gm)].map(([, text]) => text);
  const [speed] = speeds;
  const isSteady = flags.includes("constant_tsc") && speeds.every(other => other === speed);
  if (hasFrequencyScaling || !isSteady || speed === undefined) return undefined;
  return Math.round(Number(speed) * 1000);
}
