/** The same bytes are counted in all threads that decode layers of one image. */
export interface UnpackRoom {
  /** One 64-bit number: the bytes that may still be written. */
  left: SharedArrayBuffer;
  /** What to answer when they are used up; the message goes behind the name of the layer. */
  refusal: { code: "image/too-large" | "host/disk-full"; message: string };
}

export function unpackRoomOf(bytes: number, refusal: UnpackRoom["refusal"]): UnpackRoom {
  const left = new SharedArrayBuffer(8);
  new BigInt64Array(left)[0] = BigInt(bytes);
  return { left, refusal };
}

/** False when it is more than is left; it is taken nevertheless, until it is given back. */
export function takeRoom({ left }: UnpackRoom, bytes: number): boolean {
  const wanted = BigInt(bytes);
  return Atomics.sub(new BigInt64Array(left), 0, wanted) >= wanted;
}

export function giveRoomBack({ left }: UnpackRoom, bytes: number): void {
  Atomics.add(new BigInt64Array(left), 0, BigInt(bytes));
}
