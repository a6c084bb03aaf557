import { createHash } from "node:crypto";

/** Tags of DER (X.690) that a distinguished name is made of. */
const tag = { utf8String: 0x0c, printableString: 0x13, ia5String: 0x16, sequence: 0x30, set: 0x31 };

interface Element {
  tag: number;
  content: Buffer;
}

/**
 * The name under which OpenSSL looks for an authority in a directory of certificates: eight hex digits, to which a
 * directory adds ".0". It is a digest of the subject with its strings in lower case and without superfluous blanks.
 *
 * `subject` is the DER of a distinguished name whose strings are UTF-8 or ASCII, as all of ours are.
 */
export function subjectHash(subject: Uint8Array): string {
  const [name] = elements(Buffer.from(subject));
  if (name?.tag !== tag.sequence) throw new Error("the subject is no distinguished name");
  const canonical = Buffer.concat(elements(name.content).map(set => encode(tag.set, canonicalSet(set))));
  const digits = createHash("sha1").update(canonical).digest().readUInt32LE(0).toString(16);
  return digits.padStart(8, "0");
}

function canonicalSet({ content }: Element): Buffer {
  const attributes = elements(content).map(attribute => {
    const [type, value] = elements(attribute.content);
    if (type === undefined || value === undefined) throw new Error("the subject has an attribute without a value");
    return encode(tag.sequence, Buffer.concat([encode(type.tag, type.content), canonicalValue(value)]));
  });
  return Buffer.concat(attributes.toSorted((a, b) => a.compare(b)));
}

function canonicalValue(value: Element): Buffer {
  if (![tag.utf8String, tag.printableString, tag.ia5String].includes(value.tag))
    return encode(value.tag, value.content);
  const text = value.content.toString("utf8").trim().replaceAll(/\s+/g, " ");
  return encode(tag.utf8String, Buffer.from(text.replaceAll(/[A-Z]/g, letter => letter.toLowerCase())));
}

function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes.readUInt8(at + 1);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
    const start = at + 2 + lengthBytes;
    found.push({ tag: bytes.readUInt8(at), content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

function encode(type: number, content: Buffer): Buffer {
  const { length } = content;
  const header = length < 0x80 ? [type, length] : [type, 0x82, length >> 8, length & 0xff];
  if (length >= 0x80 && length < 0x100) header.splice(1, 2, 0x81);
  return Buffer.concat([Buffer.from(header), content]);
}
