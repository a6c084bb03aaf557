/** Which part of a machine's journal somebody wants. Values are of strangers: they reach journalctl as arguments. */
export interface JournalQuery {
  unit?: string;
  lines?: number;
  since?: string;
  until?: string;
  cursor?: string;
}

/**
 * journalctl's own words are arguments of the script, never part of its text. A guest without systemd says so in one
 * line instead of "not found".
 */
const script = `command -v journalctl >/dev/null 2>&1 || {
  echo "This machine keeps no journal: it does not run systemd. Its serial console can be read instead." >&2
  exit 127
}
exec journalctl "$@"`;

/** The command that prints the journal and, unless an end was asked for, follows it. One argument per word. */
export function journalCommand({ unit, lines, since, until, cursor }: JournalQuery): string[] {
  const options = ["--no-pager"];
  // With an end in time nothing more can come: following would only hang.
  if (until === undefined) options.push("--follow");
  else options.push(`--until=${until}`);
  if (unit !== undefined) options.push(`--unit=${unit}`);
  if (lines !== undefined) options.push(`--lines=${lines}`);
  if (since !== undefined) options.push(`--since=${since}`);
  if (cursor !== undefined) options.push(`--after-cursor=${cursor}`);
  return ["sh", "-c", script, "journal", ...options];
}
