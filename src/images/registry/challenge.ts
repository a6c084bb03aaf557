/** One way to log in that a WWW-Authenticate header offers. */
export interface Challenge {
  /** Lower case. */
  scheme: string;
  /** Names in lower case. */
  parameters: Map<string, string>;
}

/** `token`, `"quoted \" string"`, or a separator. */
const piece =
  /\s*(?:(,)|([\w!#$%&'*+.^`|~/-]+)(?![\w!#$%&'*+.^`|~/-])(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?(?!\s*=))/y;

/** Reads a WWW-Authenticate header, which may hold several challenges and commas inside quotes. Garbage ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  piece.lastIndex = 0;
  for (let match = piece.exec(header); match !== null; match = piece.exec(header)) {
    const [, comma, word, quoted, plain] = match;
    if (comma !== undefined || word === undefined) continue;
    const value = quoted?.replace(/\\(.)/g, "$1") ?? plain;
    if (value === undefined) challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
    else challenges.at(-1)?.parameters.set(word.toLowerCase(), value);
  }
  return challenges;
}
