import { limits } from "../limits.ts";

/** Host-name-like: lower-case letters, digits and "-", neither first nor last a "-". */
export function isHostName(name: string, lengthMax: number = limits.hostNameLengthMax): boolean {
  return name.length <= lengthMax && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(name);
}

/** The nearest valid host name, for suggestions; undefined when nothing is left. */
export function toHostName(name: string, lengthMax: number = limits.hostNameLengthMax): string | undefined {
  const candidate = name
    .slice(0, 1000)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, "-")
    .slice(0, lengthMax)
    .replace(/^-*/, "");
  let end = candidate.length;
  while (end > 0 && candidate[end - 1] === "-") end -= 1;
  return end === 0 ? undefined : candidate.slice(0, end);
}

/** A login name as useradd of the common distributions takes it. */
export function isLoginName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_.-]{0,30}[A-Za-z0-9_$.-]?$/.test(name);
}

export function hasControlCharacters(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** Absolute, and its own shortest form: no empty, "." or ".." component, no "/" at the end. */
export function isNormalisedPath(path: string): boolean {
  if (path === "/") return true;
  const [first, ...components] = path.split("/");
  return first === "" && components.every(component => component !== "" && component !== "." && component !== "..");
}

export function isBelow(path: string, directories: readonly string[]): string | undefined {
  return directories.find(directory => path === directory || path.startsWith(`${directory}/`));
}

/** How a path exceeds what Linux takes, in words that follow its name; undefined when it does not. */
export function excessOfPath(path: string): string | undefined {
  const bytes = byteLength(path);
  if (bytes > limits.pathBytesMax) return `has ${bytes} bytes, the limit is ${limits.pathBytesMax}`;
  const longest = Math.max(...path.split("/").map(byteLength));
  if (longest <= limits.pathComponentBytesMax) return undefined;
  return `has a component of ${longest} bytes, the limit is ${limits.pathComponentBytesMax}`;
}

/** UTF-8 bytes of a text, 0 for none. */
export function byteLength(text: string | undefined): number {
  return text === undefined ? 0 : new TextEncoder().encode(text).byteLength;
}
