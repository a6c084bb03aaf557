const lineMaxBytes = 16 * 1024 * 1024;

/** Parses a stream of JSON values, one a line. Rejects on a line that is longer than 16 MiB or not JSON. */
export async function* jsonLines(stream: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk]);
    if (rest.length > lineMaxBytes) throw new Error("a line of JSON is too long");
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = rest.subarray(0, end).toString();
      rest = rest.subarray(end + 1);
      if (line.trim() !== "") yield JSON.parse(line);
    }
  }
}
