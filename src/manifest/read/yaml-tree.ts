import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from "yaml";
import { limits } from "../limits.ts";
import type { Position, SourceEntry, SourceMap, SourceNode } from "./source-tree.ts";

export class YamlRefusal extends Error {
  readonly position: Position | undefined;

  constructor(message: string, position: Position | undefined) {
    super(message);
    this.position = position;
  }
}

interface Anchor {
  /** undefined while the anchored node itself is being built: an alias to it would be a cycle. */
  tree: SourceNode | undefined;
  height: number;
  values: number;
  aliases: number;
}

/**
 * Turns the parser's nodes into a source tree: aliases replaced by what they stand for (shared, not copied), merges
 * applied, everything counted. Throws a YamlRefusal at the first thing that is not accepted.
 */
export class YamlTreeBuilder {
  /** Keys given a second time in the same object; the first one counts. */
  readonly duplicateKeys: { key: string; position: Position | undefined }[] = [];
  readonly #positionAt: (offset: number) => Position;
  readonly #anchors = new Map<string, Anchor>();
  #values = 0;
  #aliases = 0;

  constructor(positionAt: (offset: number) => Position) {
    this.#positionAt = positionAt;
  }

  build(node: Node): SourceNode {
    return this.#build(node, 0).tree;
  }

  #build(node: Node | null, depth: number): { tree: SourceNode; height: number } {
    const position = node?.range ? this.#positionAt(node.range[0]) : undefined;
    if (depth > limits.nestingMax) {
      throw new YamlRefusal(`the document is nested deeper than ${limits.nestingMax} levels`, position);
    }
    this.#count(1, 0, position);
    if (isAlias(node)) return this.#expand(node, depth, position);

    const name = node !== null && "anchor" in node ? node.anchor : undefined;
    const anchor: Anchor = { tree: undefined, height: 0, values: this.#values, aliases: this.#aliases };
    if (name !== undefined) this.#anchors.set(name, anchor);
    const built = this.#buildContent(node, depth, position);
    anchor.tree = built.tree;
    anchor.height = built.height;
    anchor.values = this.#values - anchor.values + 1;
    anchor.aliases = this.#aliases - anchor.aliases;
    return built;
  }

  #buildContent(node: Node | null, depth: number, position: Position | undefined) {
    if (isMap(node)) return this.#buildMap(node, depth, position);
    if (isSeq(node)) {
      const built = node.items.map(item => this.#build(item as Node | null, depth + 1));
      const tree: SourceNode = { type: "list", items: built.map(child => child.tree), position };
      return { tree, height: 1 + Math.max(0, ...built.map(child => child.height)) };
    }
    return { tree: isScalar(node) ? scalar(node, position) : nothing(position), height: 0 };
  }

  /** An alias counts for everything it stands for: that is what makes a "bomb" of nested aliases small again. */
  #expand(node: Alias, depth: number, position: Position | undefined) {
    const anchor = this.#anchors.get(node.source);
    if (anchor === undefined) throw new YamlRefusal(`the alias *${node.source} has no anchor before it`, position);
    if (anchor.tree === undefined)
      throw new YamlRefusal(`the alias *${node.source} stands for a part of itself`, position);
    this.#count(anchor.values, anchor.aliases + 1, position);
    if (depth + anchor.height > limits.nestingMax) {
      throw new YamlRefusal(`the document is nested deeper than ${limits.nestingMax} levels`, position);
    }
    return { tree: anchor.tree, height: anchor.height };
  }

  #buildMap(node: YAMLMap, depth: number, position: Position | undefined) {
    const own: SourceEntry[] = [];
    const merged: SourceEntry[] = [];
    const keys = new Set<string>();
    let height = 0;
    for (const pair of node.items as Pair<Node | null, Node | null>[]) {
      const keyPosition = pair.key?.range ? this.#positionAt(pair.key.range[0]) : position;
      const key = keyText(pair.key, keyPosition);
      const value = this.#build(pair.value, depth + 1);
      height = Math.max(height, value.height + 1);
      if (key === "<<" && isScalar(pair.key) && pair.key.type === "PLAIN") {
        merged.push(...mergedEntries(value.tree, keyPosition));
      } else if (keys.has(key)) {
        this.duplicateKeys.push({ key, position: keyPosition });
      } else {
        keys.add(key);
        own.push({ key, value: value.tree, position: keyPosition });
      }
    }
    for (const entry of merged) {
      if (!keys.has(entry.key)) own.push(entry);
      keys.add(entry.key);
    }
    const tree: SourceMap = { type: "map", entries: own, position };
    return { tree, height };
  }

  #count(values: number, aliases: number, position: Position | undefined): void {
    this.#values += values;
    this.#aliases += aliases;
    if (this.#aliases > limits.aliasesMax) {
      throw new YamlRefusal(`the document uses aliases more than ${limits.aliasesMax} times`, position);
    }
    if (this.#values > limits.valuesMax) {
      throw new YamlRefusal(`the document has more than ${limits.valuesMax} values`, position);
    }
  }
}

/** Keys are text, whatever YAML takes them for: `no`, `1` and `~` are names like any other. */
function keyText(key: Node | null, position: Position | undefined): string {
  if (key === null) return "";
  if (isScalar(key)) return key.source ?? "";
  throw new YamlRefusal("a key must be text, found an object, a list or an alias", position);
}

function mergedEntries(tree: SourceNode, position: Position | undefined): SourceEntry[] {
  if (tree.type === "map") return tree.entries;
  if (tree.type === "list" && tree.items.every(item => item.type === "map"))
    return tree.items.flatMap(item => item.entries);
  throw new YamlRefusal('"<<" merges objects; found something else', position);
}

function scalar(node: Scalar, position: Position | undefined): SourceNode {
  const isText = node.type !== "PLAIN" || typeof node.value === "string";
  const value =
    typeof node.value === "number" || typeof node.value === "boolean" || node.value === null
      ? node.value
      : (node.source ?? "");
  return { type: "scalar", value, text: node.source ?? "", isText, position };
}

function nothing(position: Position | undefined): SourceNode {
  return { type: "scalar", value: null, text: "", isText: false, position };
}
