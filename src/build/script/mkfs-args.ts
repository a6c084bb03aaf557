import type { KeyPath } from "./finding.ts";

/** What the arguments of mkfs.ext4 mean to our writer. */
export interface Ext4Settings {
  label?: string;
  uuid?: Buffer;
  inodeCount?: number;
  bytesPerInode?: number;
  reservedPercent?: number;
}

export type ReadArguments<T> = { settings: T; problems: Array<{ index: number; message: string }> };

/** Always written, by every version of the writer. */
const writtenFeatures = new Set([
  "has_journal",
  "ext_attr",
  "resize_inode",
  "dir_index",
  "filetype",
  "extent",
  "extents",
  "64bit",
  "flex_bg",
  "sparse_super",
  "large_file",
  "huge_file",
  "dir_nlink",
  "extra_isize",
  "metadata_csum",
]);

/** Reads `mkfs_args` of an Ext4 filesystem; what has no meaning to the writer is a problem, never ignored. */
export function readExt4Arguments(args: readonly string[]): ReadArguments<Ext4Settings> {
  const settings: Ext4Settings = {};
  const problems: ReadArguments<Ext4Settings>["problems"] = [];
  forEachOption(
    args,
    problems,
    (option, value, refuse) => {
      const number = (min: number, max: number): number | undefined => {
        const parsed = /^\d+$/.test(value ?? "") ? Number(value) : Number.NaN;
        if (parsed >= min && parsed <= max) return parsed;
        refuse(`"${option} ${value}" must be a number from ${min} to ${max}`);
        return undefined;
      };
      switch (option) {
        case "-F":
        case "-q":
          // About questions and output, of which there are none.
          return;
        case "-L":
          if (Buffer.byteLength(value ?? "") > 16) refuse(`the label "${value}" has more than 16 bytes`);
          else settings.label = value ?? "";
          return;
        case "-U": {
          const uuid = readUuid(value ?? "");
          if (uuid !== undefined) settings.uuid = uuid;
          else refuse(`"-U ${value}" must be a UUID: a drive is the same each time it is built, so none is made up`);
          return;
        }
        case "-N": {
          const count = number(16, 2 ** 32 - 1);
          if (count !== undefined) settings.inodeCount = count;
          return;
        }
        case "-i": {
          const bytes = number(1024, 67_108_864);
          if (bytes !== undefined) settings.bytesPerInode = bytes;
          return;
        }
        case "-m": {
          const percent = number(0, 50);
          if (percent !== undefined) settings.reservedPercent = percent;
          return;
        }
        case "-b":
          if (value !== "4096") refuse(`"-b ${value}": blocks always have 4096 bytes`);
          return;
        case "-I":
          if (value !== "256") refuse(`"-I ${value}": inodes always have 256 bytes`);
          return;
        case "-O":
          for (const feature of (value ?? "").split(",")) checkFeature(feature, refuse);
          return;
        default:
          refuse(`"${option}" cannot be carried out: ext4 is written without mkfs`);
      }
    },
    ["-L", "-U", "-N", "-i", "-m", "-b", "-I", "-O"],
  );
  return { settings, problems };
}

export function readUuid(text: string): Buffer | undefined {
  const hex = text.replaceAll("-", "");
  return /^[0-9a-fA-F]{32}$/.test(hex) ? Buffer.from(hex, "hex") : undefined;
}

function checkFeature(feature: string, refuse: Refuse): void {
  const isOff = feature.startsWith("^");
  const name = isOff ? feature.slice(1) : feature;
  if (writtenFeatures.has(name) === isOff) {
    refuse(isOff ? `the feature "${name}" is always written` : `the feature "${name}" is never written`);
  }
}

/** Options of mksquashfs that only shape the result; others could write elsewhere or change owners. */
export function readSquashfsArguments(args: readonly string[]): ReadArguments<string[]> {
  const settings: string[] = [];
  const problems: ReadArguments<string[]>["problems"] = [];
  const withValue = ["-comp", "-b", "-Xcompression-level", "-Xdict-size", "-Xbcj"];
  forEachOption(
    args,
    problems,
    (option, value, refuse) => {
      const isFlag = ["-no-xattrs", "-no-fragments", "-noI", "-noD", "-noF", "-noX", "-Xhc"].includes(option);
      if (withValue.includes(option) && /^[\w,%]+$/.test(value ?? "")) settings.push(option, value as string);
      else if (isFlag) settings.push(option);
      else refuse(`"${value === undefined ? option : `${option} ${value}`}" is not supported for Squashfs`);
    },
    withValue,
  );
  return { settings, problems };
}

/** Options of mkfs.fat that only shape the result. */
export function readVfatArguments(args: readonly string[]): ReadArguments<string[]> {
  const settings: string[] = [];
  const problems: ReadArguments<string[]>["problems"] = [];
  const withValue = ["-F", "-n", "-i", "-s", "-S", "-r", "-R", "-f"];
  forEachOption(
    args,
    problems,
    (option, value, refuse) => {
      if (withValue.includes(option) && /^[\w .-]{1,11}$/.test(value ?? "")) settings.push(option, value as string);
      else refuse(`"${value === undefined ? option : `${option} ${value}`}" is not supported for Vfat`);
    },
    withValue,
  );
  return { settings, problems };
}

/** Where an argument stands in the script. */
export function argumentPath(index: number): KeyPath {
  return ["filesystem", "mkfs_args", index];
}

export type Refuse = (message: string) => void;

export function forEachOption(
  args: readonly string[],
  problems: Array<{ index: number; message: string }>,
  visit: (option: string, value: string | undefined, refuse: Refuse) => void,
  withValue: readonly string[],
): void {
  for (let index = 0; index < args.length; index++) {
    const start = index;
    const argument = args[index] as string;
    const refuse = (message: string) => problems.push({ index: start, message });
    // Both "-L", "name" and "-Lname" are written.
    const joined = withValue.find(
      option => argument.length > option.length && option.length === 2 && argument.startsWith(option),
    );
    if (joined !== undefined && !withValue.includes(argument)) visit(joined, argument.slice(2), refuse);
    else if (!withValue.includes(argument)) visit(argument, undefined, refuse);
    else if (index + 1 < args.length) visit(argument, args[++index], refuse);
    else refuse(`"${argument}" needs a value`);
  }
}
