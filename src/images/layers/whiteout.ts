import { LayerError, quote } from "./entry-path.ts";

const prefix = ".wh.";
const opaqueName = ".wh..wh..opq";

export type Whiteout =
  /** The directory hides all that lower layers put into it. */
  | { kind: "opaque"; directory: string[] }
  /** The lower name is gone. */
  | { kind: "removal"; path: string[] }
  /** Bookkeeping of an old storage driver, or a member below such a name: no part of the filesystem. */
  | { kind: "ignored" };

/** What a whiteout name means, or undefined for an ordinary member. */
export function whiteoutOf(parts: readonly string[]): Whiteout | undefined {
  const position = parts.findIndex(part => part.startsWith(prefix));
  if (position === -1) return undefined;
  if (position < parts.length - 1) return { kind: "ignored" };
  const name = parts[position] as string;
  const directory = parts.slice(0, position);
  if (name === opaqueName) return { kind: "opaque", directory };
  const hidden = name.slice(prefix.length);
  if (hidden.startsWith(prefix)) return { kind: "ignored" };
  if (hidden === "" || hidden === "." || hidden === "..") {
    throw new LayerError(`${quote(parts.join("/"))} is a whiteout without a name`);
  }
  return { kind: "removal", path: [...directory, hidden] };
}

/** Where the whiteout lies. */
export function directoryOf(whiteout: Whiteout): readonly string[] {
  if (whiteout.kind === "ignored") return [];
  return whiteout.kind === "opaque" ? whiteout.directory : whiteout.path.slice(0, -1);
}
