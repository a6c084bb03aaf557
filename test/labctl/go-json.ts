/** Where the client's Go runtime would end the program or refuse a whole reply. */
export class GoFailure extends Error {
  override readonly name = "GoFailure";
}

class NumberLiteral {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

/** Turns a value of a reply into what a Go field of this type would hold; null and absence give its zero value. */
export type Shape<T> = (value: unknown, path: string) => T;

export const str: Shape<string> = (value, path) => {
  if (isNil(value)) return "";
  if (typeof value !== "string") throw mismatch(value, "string", path);
  return value;
};

export const bool: Shape<boolean> = (value, path) => {
  if (isNil(value)) return false;
  if (typeof value !== "boolean") throw mismatch(value, "bool", path);
  return value;
};

/** 1.5, "1" and even 1e3 end the decoding of the whole reply. */
export const int: Shape<number> = (value, path) => {
  if (isNil(value)) return 0;
  if (!(value instanceof NumberLiteral) || !/^-?\d+$/.test(value.source)) throw mismatch(value, "int", path);
  return Number(value.source);
};

/** RFC 3339, or the reply cannot be decoded. Absent is fine. */
export const time: Shape<string> = (value, path) => {
  if (isNil(value)) return "";
  if (typeof value !== "string") throw mismatch(value, "time.Time", path);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)) {
    throw new GoFailure(`parsing time "${value}" at ${path}: not RFC 3339`);
  }
  return value;
};

export const list =
  <T>(item: Shape<T>): Shape<T[]> =>
  (value, path) => {
    if (isNil(value)) return [];
    if (!Array.isArray(value)) throw mismatch(value, "slice", path);
    return value.map((each, index) => item(each, `${path}[${index}]`));
  };

/** A nil map stays nil: who writes into one ends the program. */
export const map =
  <T>(item: Shape<T>): Shape<Map<string, T> | undefined> =>
  (value, path) => {
    if (isNil(value)) return undefined;
    if (!isObject(value)) throw mismatch(value, "map", path);
    return new Map(Object.entries(value).map(([key, each]) => [key, item(each, `${path}.${key}`)]));
  };

/** A struct: unknown fields are ignored, missing ones are zero. */
export const struct =
  <T extends object>(fields: { [K in keyof T]: Shape<T[K]> }): Shape<T> =>
  (value, path) => {
    if (!isNil(value) && !isObject(value)) throw mismatch(value, "struct", path);
    const given = value ?? {};
    const entries = Object.entries<Shape<unknown>>(fields);
    return Object.fromEntries(entries.map(([key, shape]) => [key, shape(given[key], `${path}.${key}`)])) as T;
  };

/** A pointer to a struct: nil when null or absent. */
export const pointer =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  (value, path) =>
    isNil(value) ? undefined : shape(value, path);

/** Any JSON, kept as it is. */
export const raw: Shape<unknown> = value => plain(value);

/** Decodes the body of a reply as `json.NewDecoder(body).Decode(&value)` does. */
export function decode<T>(shape: Shape<T>, body: string): T {
  if (body.trim() === "") throw new GoFailure("EOF");
  let tree: unknown;
  try {
    tree = parse(body);
  } catch (cause) {
    throw new GoFailure(`the reply is not JSON: ${body.slice(0, 200)}`, { cause });
  }
  return shape(tree, "$");
}

function parse(text: string): unknown {
  const keepNumbers = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? new NumberLiteral(context?.source ?? String(value)) : value;
  return JSON.parse(text, keepNumbers);
}

function plain(value: unknown): unknown {
  if (value instanceof NumberLiteral) return Number(value.source);
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

function mismatch(value: unknown, wanted: string, path: string): GoFailure {
  return new GoFailure(
    `json: cannot unmarshal ${JSON.stringify(plain(value))} at ${path} into Go value of type ${wanted}`,
  );
}

const isNil = (value: unknown): value is null | undefined => value === null || value === undefined;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral);
