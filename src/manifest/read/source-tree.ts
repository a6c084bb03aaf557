/**
 * A document as it was written, before anything is known about its meaning. YAML and JSON both become this tree, so
 * that one reader decides by the type of the *field*, and 6.10, 0644 or yes keep the text their author typed.
 */
export type SourceNode = SourceMap | SourceList | SourceScalar;

/** Where something stands in a text, from 1. */
export interface Position {
  line: number;
  column: number;
}

export interface SourceMap {
  type: "map";
  entries: SourceEntry[];
  position?: Position | undefined;
}

export interface SourceEntry {
  key: string;
  value: SourceNode;
  position?: Position | undefined;
}

export interface SourceList {
  type: "list";
  items: SourceNode[];
  position?: Position | undefined;
}

export interface SourceScalar {
  type: "scalar";
  /** The value as YAML or JSON types it; only used where no field decides, and to tell null from text. */
  value: string | number | boolean | null;
  /** The text as written, quotes removed and escapes resolved. */
  text: string;
  /** True when it is text whatever the field: quoted, a block or a plain word in YAML, a string in JSON. */
  isText: boolean;
  position?: Position | undefined;
}

export function isNull(node: SourceNode): boolean {
  return node.type === "scalar" && node.value === null && !node.isText;
}

export function entryOf(map: SourceMap, key: string): SourceEntry | undefined {
  return map.entries.find(entry => entry.key === key);
}

export function without(map: SourceMap, ...keys: string[]): SourceMap {
  return { ...map, entries: map.entries.filter(entry => !keys.includes(entry.key)) };
}

/** In words, for messages: a list, an object, the string "k3s", the number 5, nothing. */
export function describeNode(node: SourceNode): string {
  if (node.type === "map") return "an object";
  if (node.type === "list") return "a list";
  if (isNull(node)) return "nothing";
  const kind = node.isText ? "string" : typeof node.value;
  return kind === "string" ? `the string ${JSON.stringify(shorten(node.text))}` : `the ${kind} ${shorten(node.text)}`;
}

/** A value for messages, never longer than a line. */
export function shorten(text: string, lengthMax = 60): string {
  const points = Array.from(text.slice(0, lengthMax * 2 + 2));
  return points.length > lengthMax ? `${points.slice(0, lengthMax).join("")}…` : text;
}

/** The plain value of a part no field describes; text wins wherever a number would lose its spelling (1.30, 007). */
export function toPlainValue(node: SourceNode): unknown {
  if (node.type === "map") {
    const plain: Record<string, unknown> = {};
    for (const { key, value } of node.entries) setOwn(plain, key, toPlainValue(value));
    return plain;
  }
  if (node.type === "list") return node.items.map(toPlainValue);
  if (typeof node.value === "number" && String(node.value) !== node.text) return node.text;
  return node.value;
}

/** Assignment that treats "__proto__" as an ordinary key. */
export function setOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
