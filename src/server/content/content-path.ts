import { Problem } from "../../api/problems.ts";

const maxBytes = 255;
const maxDepth = 10;

/** Read together with the playground, so everybody who may read the one may see the other: images, covers, downloads. */
export const publicFolder = "__static__/";

/** What travels with the manifest itself. */
const ofManifest = ["index.md", "manifest.yaml", "manifest.yml"];

/**
 * The path as it is kept. Throws `content/path-invalid` for what is no plain relative path. It is only ever a key of
 * the database, never a path on the host: that it looks harmless there, too, is a second line of defence.
 */
export function requireContentPath(path: string): string {
  const fault = faultOf(path);
  if (fault === undefined) return path;
  throw new Problem("content/path-invalid", { message: `content file "${path.slice(0, 120)}" ${fault}` });
}

function faultOf(path: string): string | undefined {
  const segments = path.split("/");
  if (Buffer.byteLength(path) > maxBytes) return `has a path of more than ${maxBytes} bytes`;
  if (segments.length > maxDepth) return `lies more than ${maxDepth} folders deep`;
  if (!path.isWellFormed() || /[\p{Cc}\p{Cf}\\]/u.test(path)) return "has characters that a path should not have";
  if (segments.some(segment => segment === "" || segment === "." || segment === "..")) {
    return "is not a plain relative path";
  }
  if (ofManifest.includes(path)) return "belongs to the manifest: update the playground instead";
  return undefined;
}
