import { Problem } from "../api/problems.ts";
import type { Channel } from "./channel.ts";

const opening = "# labyard: tunnel keys begin (added by ssh clients, the oldest are dropped)";
const closing = "# labyard: tunnel keys end";
/** One person with some machines of their own, and room for keys that are made anew at every login. */
const maxKeys = 32;
const directory = ".ssh";
const file = ".ssh/authorized_keys";
const fileMaxBytes = 256 * 1024;
const sftpNoSuchFile = 2;

/**
 * Lets the owner of a public key log in as the channel's user. Done as that user and without a shell, so a link in the
 * home directory leads nowhere that the user could not go. Safe to repeat; other lines of the file stay as they are.
 * Callers see to it that there is one at a time for each user.
 */
export async function authorizeKey(channel: Channel, key: string): Promise<void> {
  const before = await channel.readFile(file, { maxBytes: fileMaxBytes }).then(String, absent);
  const after = withAuthorizedKey(before ?? "", key);
  if (after === before) return;
  if (before === undefined) await channel.makeDirectory(directory, 0o700);
  await channel.writeFile(file, after, { mode: 0o600 });
}

function absent(error: unknown): undefined {
  const cause = error instanceof Problem ? (error.cause as { code?: unknown } | undefined) : undefined;
  if (cause?.code === sftpNoSuchFile) return undefined;
  throw error;
}

/** The file with this key ("type base64 comment") in the platform's part of it. */
export function withAuthorizedKey(content: string, key: string): string {
  const lines = content === "" ? [] : content.replace(/\n$/, "").split("\n");
  const begin = lines.indexOf(opening);
  const end = begin < 0 ? -1 : lines.indexOf(closing, begin);
  // A part that somebody cut in two is left to them, and begun anew.
  const ours = end < 0 ? [] : lines.slice(begin + 1, end);
  const identity = (line: string) => line.split(" ", 2).join(" ");
  if (ours.some(line => identity(line) === identity(key))) return content;
  const block = [opening, ...[...ours, key].slice(-maxKeys), closing];
  const next = end < 0 ? [...lines, ...block] : [...lines.slice(0, begin), ...block, ...lines.slice(end + 1)];
  return `${next.join("\n")}\n`;
}
