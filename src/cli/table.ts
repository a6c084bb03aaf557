/** Columns padded to their widest cell, separated by two blanks; the last one is left ragged. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map(row => (row[column] ?? "").length)));
  return [header, ...rows]
    .map(row =>
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  "),
    )
    .map(line => `${line.trimEnd()}\n`)
    .join("");
}
