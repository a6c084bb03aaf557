import { formatUuid } from "../../images/ext4/identity.ts";
import { forEachOption, type ReadArguments, type Refuse, readUuid } from "./mkfs-args.ts";

/** What a mkfs that is really called gets beside our own arguments. */
export interface ForeignSettings {
  /** In place of the one made of the content. */
  uuid?: string;
  args: string[];
}

/** What the new and empty file needs no word about: force, quiet, no discard. Done anyway. */
const pointless = ["-f", "-q", "-K"];
const longNames: ReadonlyMap<string, string> = mapOf({
  "--label": "-L",
  "--uuid": "-U",
  "--metadata": "-m",
  "--data": "-d",
  "--nodesize": "-n",
  "--sectorsize": "-s",
  "--features": "-O",
  "--runtime-features": "-R",
  "--force": "-f",
  "--quiet": "-q",
  "--nodiscard": "-K",
});

/** What every kernel of the catalogue can mount, whatever else mkfs.xfs offers. */
const xfsParts: ReadonlyMap<string, ReadonlyMap<string, RegExp>> = mapOf({
  "-b": mapOf({ size: /^(1024|2048|4096|[124]k)$/ }),
  "-i": mapOf({ size: /^(512|1024|2048)$/, maxpct: /^(\d\d?|100)$/, sparse: /^[01]$/ }),
  "-m": mapOf({
    ...{ crc: /^1$/, finobt: /^[01]$/, rmapbt: /^[01]$/, reflink: /^[01]$/, bigtime: /^[01]$/, inobtcount: /^[01]$/ },
    uuid: /./,
  }),
  "-n": mapOf({ size: /^(4096|8192|16384|32768|65536|(4|8|16|32|64)k)$/, ftype: /^1$/ }),
  "-s": mapOf({ size: /^(512|4096|4k)$/ }),
});

/** Reads `mkfs_args` of an Xfs filesystem: what shapes the result passes to mkfs.xfs, anything else is a problem. */
export function readXfsArguments(args: readonly string[]): ReadArguments<ForeignSettings> {
  const settings: ForeignSettings = { args: [] };
  const problems: ReadArguments<ForeignSettings>["problems"] = [];
  forEachOption(
    args,
    problems,
    (option, value, refuse) => {
      if (option === "-L") readLabel(value ?? "", 12, settings, refuse);
      else if (xfsParts.has(option)) readXfsParts(option, value ?? "", settings, refuse);
      else if (!pointless.includes(option)) refuse(`"${option}" is not supported for Xfs`);
    },
    ["-L", ...xfsParts.keys()],
  );
  return { settings, problems };
}

function readXfsParts(option: string, value: string, settings: ForeignSettings, refuse: Refuse): void {
  for (const part of value.split(",")) {
    const [key = "", setting = ""] = part.split(/=(.*)/s);
    if (xfsParts.get(option)?.get(key)?.test(setting) !== true) refuse(`"${option} ${part}" is not supported for Xfs`);
    else if (key !== "uuid") settings.args.push(option, part);
    else setUuid(option, setting, settings, refuse);
  }
}

const btrfsValues: ReadonlyMap<string, RegExp> = mapOf({
  "-m": /^(single|dup)$/i,
  // Nothing but the space for it would know of a second copy.
  "-d": /^single$/i,
  "-n": /^(4096|8192|16384|32768|65536|(4|8|16|32|64)k)$/i,
  "-s": /^(4096|4k)$/i,
  "-O": /^\^?(extref|skinny-metadata|no-holes)(,\^?(extref|skinny-metadata|no-holes))*$/,
  "-R": /^\^?free-space-tree$/,
});

/** Reads `mkfs_args` of a Btrfs filesystem. Long names are known, too; some options read this host, and are not. */
export function readBtrfsArguments(args: readonly string[]): ReadArguments<ForeignSettings> {
  const settings: ForeignSettings = { args: [] };
  const problems: ReadArguments<ForeignSettings>["problems"] = [];
  const withValue = ["-L", "-U", ...btrfsValues.keys()];
  const longWithValue = [...longNames].filter(([, short]) => withValue.includes(short)).map(([name]) => name);
  forEachOption(
    args,
    problems,
    (written, given, refuse) => {
      const [name = "", joined] = written.startsWith("--") ? written.split(/=(.*)/s) : [written];
      const option = longNames.get(name) ?? name;
      const value = given ?? joined;
      if (pointless.includes(option) && value === undefined) return;
      if (option === "-L" && value !== undefined) readLabel(value, 255, settings, refuse);
      else if (option === "-U" && value !== undefined) setUuid(name, value, settings, refuse);
      else if (value !== undefined && btrfsValues.get(option)?.test(value)) settings.args.push(option, value);
      else refuse(`"${given === undefined ? written : `${name} ${given}`}" is not supported for Btrfs`);
    },
    [...withValue, ...longWithValue],
  );
  return { settings, problems };
}

function readLabel(label: string, maxBytes: number, settings: ForeignSettings, refuse: Refuse): void {
  if (Buffer.byteLength(label) > maxBytes) refuse(`the label "${label}" has more than ${maxBytes} bytes`);
  else if (/\p{Cc}/u.test(label)) refuse("the label contains a control character");
  else settings.args.push("-L", label);
}

function setUuid(option: string, text: string, settings: ForeignSettings, refuse: Refuse): void {
  const uuid = readUuid(text);
  // Of zeros: no filesystem is mounted that has this one.
  if (uuid === undefined || uuid.every(byte => byte === 0)) refuse(`"${option} ${text}" must be a UUID`);
  else settings.uuid = formatUuid(uuid);
}

/** The keys of an object alone, without those that every object has. */
function mapOf<T>(entries: Record<string, T>): ReadonlyMap<string, T> {
  return new Map(Object.entries(entries));
}
