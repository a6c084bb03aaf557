// biome-ignore format: one alternative a line
const controls = new RegExp(
  [
    "\\x1b\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)?", // OSC: titles, links
    "\\x1b\\[[0-?]*[ -/]*[@-~]?", // CSI: colors, cursor
    "\\x1b[PX^_][^\\x1b]*(?:\\x1b\\\\)?", // DCS and friends
    "\\x1b[ -/]*[0-~]?",
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1a\\x1c-\\x1f\\x7f]",
  ].join("|"),
  "g",
);

/** What programs printed for a terminal, as text for a page: no control sequences, one kind of line end. */
export function plainText(printed: string): string {
  return (
    printed
      .replace(controls, "")
      .replace(/\r+\n/g, "\n")
      // A progress line that was overwritten: the last state counts.
      .replace(/^.*\r(?=[^\n])/gm, "")
      .replace(/\r/g, "")
      .trimEnd()
  );
}
