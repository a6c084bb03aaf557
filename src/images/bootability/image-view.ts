import { type AccountEntry, parsePasswd, readTreeText } from "../accounts.ts";
import { type Found, lookUp } from "../tree-paths.ts";
import type { DirectoryNode, FileNode, PayloadSource, Tree, TreeNode } from "../tree.ts";
import { type Family, familyOf } from "./distribution.ts";

/** A merged tree with the few looks that checks take. Paths are text, as people write them. */
export class ImageView {
  readonly #tree: Tree;
  readonly #payloads: PayloadSource;
  readonly #accounts: AccountEntry[];
  readonly family: Family;

  constructor(tree: Tree, payloads: PayloadSource) {
    this.#tree = tree;
    this.#payloads = payloads;
    this.family = familyOf(this.text("/etc/os-release") ?? this.text("/usr/lib/os-release"));
    this.#accounts = parsePasswd(this.text("/etc/passwd") ?? "");
  }

  get accounts(): readonly AccountEntry[] {
    return this.#accounts;
  }

  /** Those a person would log in as. */
  get people(): AccountEntry[] {
    return this.#accounts.filter(({ uid }) => uid === 0 || (uid >= 1000 && uid <= 60_000));
  }

  /** What the path leads to, links followed inside the image. */
  find(path: string): Found | undefined {
    const found = lookUp(this.#tree, toTree(path));
    return found === undefined ? undefined : { node: found.node, path: fromTree(found.path) };
  }

  /** The name itself, which may be a link. */
  entry(path: string): TreeNode | undefined {
    return lookUp(this.#tree, toTree(path), { followLast: false })?.node;
  }

  exists(path: string): boolean {
    return this.find(path) !== undefined;
  }

  firstOf(...paths: readonly string[]): string | undefined {
    return paths.find(path => this.exists(path));
  }

  directory(path: string): DirectoryNode | undefined {
    const node = this.find(path)?.node;
    return node?.type === "directory" ? node : undefined;
  }

  /** Names in a directory, sorted; none when it is not there. */
  names(path: string): string[] {
    return [...(this.directory(path)?.children.keys() ?? [])].map(fromTree).sort();
  }

  /** The text of a small file. */
  text(path: string): string | undefined {
    return readTreeText(this.#tree, this.#payloads, toTree(path));
  }

  /** Lines of a configuration file without comments and blank ones, trimmed; none when it is not there. */
  lines(path: string): string[] {
    return (this.text(path) ?? "")
      .split("\n")
      .map(line => line.replace(/^\s*#.*$/, "").trim())
      .filter(line => line !== "");
  }

  /** Bytes of a file, fewer beyond its end. */
  read(file: FileNode, offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, file.size - offset)));
    if (file.payload !== undefined && bytes.length > 0) this.#payloads.read(file.payload, offset, bytes);
    return bytes;
  }
}

/** Tree names are latin1 strings of bytes. */
function toTree(path: string): string {
  return Buffer.from(path, "utf8").toString("latin1");
}

function fromTree(path: string): string {
  return Buffer.from(path, "latin1").toString("utf8");
}

export function targetOf(node: TreeNode | undefined): string | undefined {
  return node?.type === "symlink" ? node.target.toString("utf8") : undefined;
}
