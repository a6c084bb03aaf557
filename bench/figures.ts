export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export interface Figure {
  name: string;
  /** Milliseconds for "s", plain numbers for "ratio". */
  values: readonly number[];
  unit: "s" | "ratio";
}

/** A table of minimum, median and maximum. */
export function renderFigures(figures: readonly Figure[]): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  const cell = (value: number, unit: Figure["unit"]) =>
    (unit === "s" ? (value / 1000).toFixed(2) : value.toFixed(3)).padStart(8);
  return [
    `${"".padEnd(width)}       min   median      max`,
    ...figures.map(({ name, values, unit }) =>
      [
        name.padEnd(width),
        cell(Math.min(...values), unit),
        cell(median(values), unit),
        cell(Math.max(...values), unit),
      ].join(" "),
    ),
  ].join("\n");
}
