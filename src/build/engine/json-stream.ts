import { Problem } from "../../api/problems.ts";

const maxLineBytes = 1024 * 1024;

/** The JSON values of a stream that has one a line; empty lines are skipped. */
export async function* jsonStream(source: AsyncIterable<Buffer>): AsyncGenerator<Record<string, unknown>> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of source) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() as string;
    if (rest.length > maxLineBytes) throw unreadable("a line that never ends");
    for (const line of lines) if (line.trim() !== "") yield parseLine(line);
  }
  if (rest.trim() !== "") yield parseLine(rest);
}

function parseLine(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw unreadable(line.slice(0, 200));
  }
}

function unreadable(what: string): Problem {
  return new Problem("build/engine-failed", { message: `the engine's progress cannot be read: ${what}` });
}
