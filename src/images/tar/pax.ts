import { noXattrs } from "../tree.ts";
import { TarError } from "./tar-entry.ts";

/**
 * Splits extended header records ("<length> <key>=<value>\n"), values as bytes, in the order they stand; keys may
 * repeat (the oldest sparse form does that).
 */
export function parsePaxRecords(body: Buffer): Array<[key: string, value: Buffer]> {
  const records: Array<[string, Buffer]> = [];
  let position = 0;
  while (position < body.length) {
    // Some writers pad the records with NULs.
    if (body[position] === 0) break;
    const space = body.indexOf(0x20, position);
    const digits = space === -1 ? "" : body.toString("latin1", position, space);
    const length = /^\d{1,9}$/.test(digits) ? Number(digits) : 0;
    const end = position + length;
    const equals = body.indexOf(0x3d, space);
    if (length === 0 || end > body.length || equals === -1 || equals >= end || body[end - 1] !== 0x0a) {
      throw new TarError("an extended header is malformed");
    }
    records.push([body.toString("latin1", space + 1, equals), Buffer.from(body.subarray(equals + 1, end - 1))]);
    position = end;
  }
  return records;
}

export function paxInteger(value: Buffer, key: string): number {
  const text = value.toString("latin1");
  const number = Number(text);
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(number)) {
    throw new TarError(`the extended header "${key}" is not a number: ${JSON.stringify(text.slice(0, 40))}`);
  }
  return number;
}

/** "1700000000.123456789" or "-1.5" as whole seconds rounded down, and nanoseconds on top. */
export function paxTime(value: Buffer, key: string): { seconds: number; nanoseconds: number } {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(value.toString("latin1"));
  if (match === null) throw new TarError(`the extended header "${key}" is not a time`);
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? "").padEnd(9, "0").slice(0, 9));
  if (match[1] !== "-") return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: seconds === 0 ? 0 : -seconds, nanoseconds: 0 }
    : { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

/** Extended attributes among the records, full names. star's form carries raw bytes, libarchive's base64. */
export function paxXattrs(records: ReadonlyArray<[string, Buffer]>): ReadonlyMap<string, Buffer> {
  if (!records.some(([key]) => key.includes(".xattr."))) return noXattrs;
  const xattrs = new Map<string, Buffer>();
  for (const [key, value] of records) {
    if (key.startsWith("LIBARCHIVE.xattr.")) {
      const name = percentDecode(key.slice("LIBARCHIVE.xattr.".length));
      if (!xattrs.has(name)) xattrs.set(name, Buffer.from(value.toString("latin1"), "base64"));
    } else if (key.startsWith("SCHILY.xattr.")) {
      xattrs.set(key.slice("SCHILY.xattr.".length), value);
    }
  }
  return xattrs;
}

function percentDecode(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
