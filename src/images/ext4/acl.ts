/**
 * POSIX ACLs travel in tar and getxattr(2) as version 2, with an id in each entry; ext4 keeps version 1, with ids
 * only where they mean something.
 */
const namedUser = 0x02;
const namedGroup = 0x08;
const shortTags = new Set([0x01, 0x04, 0x10, 0x20]);

/** The form ext4 stores, or undefined when the value is no ACL of version 2. */
export function encodeAcl(value: Buffer): Buffer | undefined {
  if (value.length < 4 || (value.length - 4) % 8 !== 0 || value.readUInt32LE(0) !== 2) return undefined;
  const parts: Buffer[] = [Buffer.from([1, 0, 0, 0])];
  for (let at = 4; at < value.length; at += 8) {
    const tag = value.readUInt16LE(at);
    if (tag === namedUser || tag === namedGroup) parts.push(value.subarray(at, at + 8));
    else if (shortTags.has(tag)) parts.push(value.subarray(at, at + 4));
    else return undefined;
  }
  return Buffer.concat(parts);
}
