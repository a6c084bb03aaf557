import { basename, extname } from "node:path";

/** Shown where they are asked for. A browser runs nothing in these. */
const images: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".avif": "image/avif",
};

/**
 * Headers for a file of an author, which may be anything: it lies on the app's own origin and must do nothing there.
 * Only pictures have a type; everything else is a download of no type. An SVG has its type, for `<img>` runs no scripts,
 * but opened by itself it is a download too. Whatever a browser makes of it all the same is sandboxed: no scripts, no
 * origin, no requests.
 */
export function inertHeaders(path: string, md5: string): Record<string, string> {
  const extension = extname(path).toLowerCase();
  const image = images[extension];
  const type = image ?? (extension === ".svg" ? "image/svg+xml" : "application/octet-stream");
  const disposition = image === undefined ? `attachment; filename*=UTF-8''${encodeName(basename(path))}` : "inline";
  return {
    "content-type": type,
    "content-disposition": disposition,
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    // Access may be taken back and files change under their name: asked every time, sent only when changed.
    "cache-control": "private, no-cache",
    etag: `"${md5}"`,
  };
}

/** RFC 8187: encodeURIComponent leaves four characters alone that may not stand there. */
const encodeName = (name: string) =>
  encodeURIComponent(name).replaceAll(/['()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
