const unitMiB: Readonly<Record<string, number>> = { MiB: 1, GiB: 1024, TiB: 1024 * 1024 };

/** Reads the canonical spelling of a size, the only one a validated manifest has. */
export function sizeMiB(text: string): number {
  const [, digits, unit = ""] = /^(\d+)(MiB|GiB|TiB)$/.exec(text) ?? [];
  const factor = unitMiB[unit];
  if (digits === undefined || factor === undefined) throw new Error(`"${text}" is not a size in canonical form`);
  return Number(digits) * factor;
}
