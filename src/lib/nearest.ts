/** The candidate that the author most likely meant, at most two typing mistakes away; undefined when none is near. */
export function nearest(written: string, candidates: Iterable<string>, mistakesMax = 2): string | undefined {
  let best: string | undefined;
  let fewest = mistakesMax + 1;
  const text = written.toLowerCase();
  for (const candidate of candidates) {
    // A name of two or three letters is "near" almost anything: allow a mistake per two letters.
    const allowed = Math.min(mistakesMax, Math.floor(Math.max(candidate.length, text.length) / 2));
    if (Math.abs(candidate.length - text.length) > allowed) continue;
    const mistakes = typingMistakes(text, candidate.toLowerCase());
    if (mistakes <= allowed && mistakes < fewest) {
      best = candidate;
      fewest = mistakes;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function typingMistakes(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = at(previous, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(before, j - 2) + 1);
      current.push(cost);
    }
    before = previous;
    previous = current;
  }
  return at(previous, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;

/** ` Did you mean "x"?`, or nothing. */
export function didYouMean(suggestion: string | undefined): string {
  return suggestion === undefined ? "" : ` Did you mean "${suggestion}"?`;
}
