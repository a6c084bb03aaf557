import type { PayloadSource } from "../tree.ts";
import type { Inventory } from "./inventory.ts";

/** Members of an archive begin at multiples of this. */
const tarBlockSize = 512;

/**
 * The inode numbers of all files that have content, in the order in which it is written: that of the archives where
 * `payloads` knows one, else that of the inodes.
 */
export function contentOrder({ nodes, lastNode }: Inventory, payloads: PayloadSource): Float64Array {
  const inodes = new Float64Array(lastNode);
  const places = new Float64Array(lastNode);
  let count = 0;
  let lastPlace = 0;
  for (let inode = 1; inode <= lastNode; inode++) {
    const node = nodes[inode];
    if (node?.type !== "file" || node.payload === undefined) continue;
    const place = payloads.placeOf?.(node.payload) ?? 0;
    if (place > lastPlace) lastPlace = place;
    places[count] = place;
    inodes[count++] = inode;
  }
  const order = inodes.subarray(0, count);
  if (lastPlace === 0) return order;
  // Place and inode as one number: those are sorted many times faster than by a function. Were the archives so large
  // that it would not be exact, the order becomes coarser; it still depends on the image alone.
  const stride = lastNode + 1;
  const grain = Math.max(tarBlockSize, Math.ceil((lastPlace * stride) / 2 ** 52));
  for (let index = 0; index < count; index++) {
    order[index] = Math.floor((places[index] as number) / grain) * stride + (inodes[index] as number);
  }
  order.sort();
  for (let index = 0; index < count; index++) order[index] = (order[index] as number) % stride;
  return order;
}
