export interface SizeReading {
  mebibytes: number;
  /** 10GiB, 1536MiB: the largest unit that gives a whole number. */
  canonical: string;
  /** True for spellings such as 10Gb, which elsewhere means bits. */
  isDoubtful: boolean;
}

const pattern = /^\s*(\d{1,15}(?:\.\d{1,15})?)\s*([kmgt])(i?)(b?)\s*$/i;
const mebibytesPerUnit: Record<string, number> = { k: 1 / 1024, m: 1, g: 1024, t: 1024 * 1024 };

/** Reads a size; all units are powers of two and fractions are rounded up to a whole MiB. undefined: not a size. */
export function parseSize(text: string): SizeReading | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, digits = "", unit = "", , byte = ""] = match;
  const mebibytes = Math.ceil(Number(digits) * (mebibytesPerUnit[unit.toLowerCase()] ?? Number.NaN));
  if (!Number.isSafeInteger(mebibytes)) return undefined;
  return { mebibytes, canonical: formatSize(mebibytes), isDoubtful: byte === "b" && unit !== unit.toLowerCase() };
}

/** The canonical spelling of a whole number of MiB. */
export function formatSize(mebibytes: number): string {
  if (mebibytes > 0 && mebibytes % (1024 * 1024) === 0) return `${mebibytes / (1024 * 1024)}TiB`;
  if (mebibytes > 0 && mebibytes % 1024 === 0) return `${mebibytes / 1024}GiB`;
  return `${mebibytes}MiB`;
}

/** MiB of a size that is already canonical, as in a stored manifest. */
export function sizeInMiB(canonical: string): number {
  const size = parseSize(canonical);
  if (size === undefined) throw new RangeError(`not a size: ${canonical}`);
  return size.mebibytes;
}

/** What somebody may have meant by a bare number. */
export function suggestSizes(text: string): string[] {
  const digits = /^\s*(\d{1,12})\s*$/.exec(text)?.[1];
  if (digits === undefined) return [];
  const number = Number(digits);
  if (number < 128) return [`${number}GiB`];
  if (number >= 2 ** 27) return [formatSize(Math.ceil(number / 2 ** 20))];
  return number % 1024 === 0 ? [`${number}MiB`, `${number / 1024}GiB`] : [`${number}MiB`];
}
