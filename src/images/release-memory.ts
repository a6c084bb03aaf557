/** Below this the collector is cheaper than the call. */
const worthItBytes = 16 * 1024;

/**
 * Gives the memory of a chunk back at once; the chunk is empty afterwards, and so is every other view of its memory.
 *
 * For bytes that pass through and that nobody else holds. Left to the collector they count against the heap until it has
 * marked all of it, again and again: up to a tenth of the work of a pull, and tens of megabytes that nothing needs. What is
 * small, or part of something larger, is left alone.
 */
export function releaseMemory({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < worthItBytes || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  buffer.transfer(0);
}
