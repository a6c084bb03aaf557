const overlapLength = 2048;

/**
 * What `next` says beyond `previous`, when both are the kept ends of one growing output. Of an output that moved on by
 * more than is kept, or began anew, everything is new.
 */
export function newOutput(previous: string, next: string): string {
  // Half of a character stands as a replacement until its rest has come.
  const known = previous.replace(/\ufffd+$/, "");
  if (next.startsWith(known)) return next.slice(known.length);
  const end = known.slice(-overlapLength);
  const at = next.lastIndexOf(end);
  return at < 0 ? next : next.slice(at + end.length);
}
