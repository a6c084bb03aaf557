/** A name the tree refuses, with the reason. */
export class LayerError extends Error {
  override readonly name = "LayerError";
}

/** Takes what the user may want to know; keeps few, because a hostile layer could produce one per member. */
export type Warn = (message: string) => void;

const maxPathBytes = 64 * 1024;
/** The kernel takes paths of 4096 bytes, and no program reaches a file this deep. */
const maxComponents = 1000;

/**
 * Splits a path of an archive into components: "./", "//" and slashes at both ends vanish, ".." goes up. The root is
 * the empty list. Throws LayerError for what no filesystem can hold or what leaves the root.
 */
export function splitEntryPath(path: string): string[] {
  if (path.length > maxPathBytes) throw new LayerError(`a path is longer than ${maxPathBytes} bytes`);
  if (path.includes("\0")) throw new LayerError(`the path ${quote(path)} contains a NUL byte`);
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.pop() === undefined) throw new LayerError(`the path ${quote(path)} leaves the root`);
      continue;
    }
    if (part.length > 255) throw new LayerError(`the name ${quote(part)} is longer than 255 bytes`);
    parts.push(part);
  }
  if (parts.length > maxComponents) throw new LayerError(`the path ${quote(path)} is nested too deeply`);
  return parts;
}

/** For messages: bytes as UTF-8 where they are, cut to a readable length. */
export function quote(path: string): string {
  const text = Buffer.from(path, "latin1").toString("utf8");
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}
