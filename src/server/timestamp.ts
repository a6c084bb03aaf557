/** RFC 3339 in UTC with milliseconds: the one format on the wire, because clients sort it as text. */
export const timestamp = (ms: number) => new Date(ms).toISOString();
