import { Problem } from "../api/problems.ts";
import type { Digest } from "./digest.ts";

/** A blob that its descriptor carries itself, as base64, so that nobody needs to be asked for it. */
export interface InlineBlob {
  digest: Digest;
  size: number;
  data: string;
}

/** The bytes; whoever keeps them compares their digest. No more is decoded than the descriptor promises. */
export function decodeInlineBlob({ digest, size, data }: InlineBlob, label: string): Buffer {
  const isWhole = data.length === Math.ceil(size / 3) * 4 && /^[A-Za-z0-9+/]*={0,2}$/.test(data);
  const bytes = isWhole ? Buffer.from(data, "base64") : undefined;
  if (bytes?.length === size) return bytes;
  throw new Problem("image/damaged", {
    message: `${label}, which its descriptor carries itself, is not ${size} bytes in base64 (${digest})`,
  });
}
