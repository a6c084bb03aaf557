/**
 * From a manifest as a document to the body that create and update take: the head and the parts of `playground` side
 * by side, as the official client sends them. A body stays what it is.
 */
export function bodyOfDocument(document: Record<string, unknown>): Record<string, unknown> {
  if (!isObject(document.playground)) return document;
  const { kind: _kind, playground, ...head } = document;
  return { ...head, ...playground };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
