/** A manifest as a document: the head, and the technical part under `playground`. */
export interface ManifestDocument {
  kind: "playground";
  playground: Record<string, unknown>;
  [field: string]: unknown;
}

/** Fields that stand at the top of a manifest; every other field of a request body belongs under `playground`. */
const headFields = ["name", "base", "title", "description", "categories", "markdown", "cover"];

/** Computed by the server; clients echo them from replies, and they mean nothing on input. */
const computedFields = [
  "id",
  "owner",
  "published",
  "pageUrl",
  "userAccess",
  "createdAt",
  "updatedAt",
  "warnings",
  "kind",
  "playground",
];

/** From a document to the body that create and update take: head and technical part side by side. */
export function bodyOfDocument(document: Record<string, unknown>): Record<string, unknown> {
  const { kind: _kind, playground, ...head } = document;
  return { ...head, ...(isObject(playground) ? playground : {}) };
}

/**
 * The inverse: a document that the manifest check understands. Nulls of the official client count as absent; a body
 * that is a document already is accepted too.
 */
export function documentOfBody(body: Record<string, unknown>): ManifestDocument {
  const document: ManifestDocument = { kind: "playground", playground: {} };
  for (const [field, value] of Object.entries(isObject(body.playground) ? bodyOfDocument(body) : body)) {
    if (value === null || value === undefined || computedFields.includes(field)) continue;
    if (headFields.includes(field)) document[field] = value;
    else document.playground[field] = value;
  }
  return document;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
