import type { FindingExtras } from "../findings.ts";
import { parseSize, suggestSizes } from "../size.ts";

/** A scalar brought into the form its field needs: the value, perhaps with something to say, or what is wrong. */
export type ScalarReading<Value> =
  | { value: Value; warning?: string }
  | ({ wrong: string } & Pick<FindingExtras, "hint" | "suggestion">);

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  y: true,
  false: false,
  no: false,
  off: false,
  n: false,
};

export function readBoolean(text: string): ScalarReading<boolean> {
  const value = Object.hasOwn(booleans, text.toLowerCase()) ? booleans[text.toLowerCase()] : undefined;
  return value === undefined ? { wrong: "must be true or false" } : { value };
}

export function readInteger(text: string): ScalarReading<number> {
  const match = /^([+-]?)(\d{1,20})(?:\.0{1,20})?$/.exec(text.trim());
  const value = Number(match?.[2]) * (match?.[1] === "-" ? -1 : 1);
  if (match === null || !Number.isSafeInteger(value)) return { wrong: "must be a whole number" };
  if (/^0\d/.test(match[2] ?? "")) {
    return { value, warning: `was read as ${value}; some clients take a leading zero for octal` };
  }
  return { value: value === 0 ? 0 : value };
}

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Seconds, with durations such as 5m read leniently. */
export function readSeconds(text: string): ScalarReading<number> {
  const match = /^(\d{1,9})([smh])$/.exec(text.trim());
  if (match === null) return readInteger(text);
  const value = Number(match[1]) * (secondsPerUnit[match[2] ?? ""] ?? Number.NaN);
  return { value, warning: `was read as ${value} seconds; the official client accepts only a number` };
}

export function readSize(text: string): ScalarReading<string> {
  const size = parseSize(text);
  if (size !== undefined) {
    if (!size.isDoubtful) return { value: size.canonical };
    return { value: size.canonical, warning: `was read as ${size.canonical}; "b" often means bits` };
  }
  const [first, second] = suggestSizes(text);
  if (first === undefined) return { wrong: "is not a size", hint: "Write a number with a unit, e.g. 512MiB or 10GiB." };
  return {
    wrong: `has no unit; did you mean ${second === undefined ? first : `${first} or ${second}`}?`,
    suggestion: first,
  };
}

/** Decimal spellings of common permissions: what an octal literal becomes on its way through a decoder. */
const decimalModes = new Set([
  0o400, 0o440, 0o444, 0o500, 0o555, 0o600, 0o640, 0o644, 0o660, 0o664, 0o700, 0o750, 0o755, 0o775, 0o777,
]);

export function readMode(text: string): ScalarReading<string> {
  const decimal = /^[1-9]\d{2}$/.test(text) && decimalModes.has(Number(text)) ? Number(text).toString(8) : undefined;
  const match = /^(?:0o)?(0?[0-7]{3,4})$/.exec(text.trim());
  if (match === null) {
    if (decimal === undefined) return { wrong: 'must be octal digits such as "644"' };
    return { wrong: `looks like a decimal number; did you mean "${decimal}"?`, suggestion: decimal };
  }
  const digits = match[1] ?? "";
  const value = digits.length > 3 && digits.startsWith("0") ? digits.slice(1) : digits;
  if (decimal === undefined) return { value };
  return { value, warning: `looks like a decimal number; if you mean "${decimal}", write that` };
}
