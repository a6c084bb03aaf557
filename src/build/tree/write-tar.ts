import { setImmediate } from "node:timers/promises";
import type { FileNode, PayloadSource, Tree, TreeNode } from "../../images/tree.ts";
import { walk } from "../../images/tree-paths.ts";
import { fileChunks } from "./file-chunks.ts";

const blockSize = 512;
/** Small members are gathered, so that whoever writes them makes few system calls. */
const gatherBytes = 1024 * 1024;

/**
 * A tree as a tar archive (pax), members in byte order of their names: the same tree gives the same bytes. Owners,
 * modes with all their bits, times, hard links, devices, ACLs and other extended attributes are carried.
 */
export async function* tarChunks(
  tree: Tree,
  payloads: PayloadSource,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const members: Array<[path: string, node: TreeNode]> = [];
  walk(tree, (path, node) => members.push([path === "/" ? "./" : path.slice(1), node]));
  const firstName = new Map<TreeNode, string>();
  let gathered: Buffer[] = [];
  let gatheredSize = 0;
  for (const [path, node] of members) {
    const original = firstName.get(node);
    if (node.type !== "directory") firstName.set(node, original ?? path);
    const body = node.type === "file" && original === undefined ? bodyChunks(node, payloads) : [];
    const header = memberHeader(path, node, original);
    gathered.push(header);
    gatheredSize += header.length;
    for (const chunk of body) {
      gathered.push(Buffer.from(chunk));
      gatheredSize += chunk.length;
      if (gatheredSize < gatherBytes) continue;
      yield Buffer.concat(gathered);
      gathered = [];
      gatheredSize = 0;
      // Payloads are read synchronously: others get their turn now and then.
      await setImmediate();
      signal?.throwIfAborted();
    }
  }
  gathered.push(Buffer.alloc(2 * blockSize));
  yield Buffer.concat(gathered);
}

function* bodyChunks(file: FileNode, payloads: PayloadSource): Generator<Buffer> {
  yield* fileChunks(file, payloads);
  yield Buffer.alloc((blockSize - (file.size % blockSize)) % blockSize);
}

const typeFlags = { file: "0", symlink: "2", chardev: "3", blockdev: "4", directory: "5", fifo: "6" } as const;

function memberHeader(path: string, node: TreeNode, original: string | undefined): Buffer {
  const name = node.type === "directory" && !path.endsWith("/") ? `${path}/` : path;
  const isLink = original !== undefined;
  const linkName = original ?? (node.type === "symlink" ? node.target.toString("latin1") : "");
  const size = node.type === "file" && !isLink ? node.size : 0;
  const records: Array<[string, Buffer]> = [];
  const latin1 = (text: string) => Buffer.from(text, "latin1");
  if (name.length > 100) records.push(["path", latin1(name)]);
  if (linkName.length > 100) records.push(["linkpath", latin1(linkName)]);
  if (size >= 8 ** 11) records.push(["size", latin1(String(size))]);
  if (node.uid >= 8 ** 7) records.push(["uid", latin1(String(node.uid))]);
  if (node.gid >= 8 ** 7) records.push(["gid", latin1(String(node.gid))]);
  if (node.mtimeNanoseconds !== 0 || node.mtimeSeconds < 0 || node.mtimeSeconds >= 8 ** 11)
    records.push(["mtime", latin1(decimalTime(node))]);
  if (!isLink) {
    for (const [key, value] of [...node.xattrs].sort(([a], [b]) => (a < b ? -1 : 1)))
      records.push([`SCHILY.xattr.${key}`, value]);
  }
  const flag = isLink ? "1" : typeFlags[node.type];
  const header = ustarHeader(name, linkName, node, size, flag);
  if (records.length === 0) return header;
  const body = paxBody(records);
  const owner = { ...node, mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0 };
  return Buffer.concat([ustarHeader("PaxHeaders", "", owner, body.length, "x"), padded(body), header]);
}

/** Floor of the seconds and nanoseconds that are added to it, also before 1970. */
function decimalTime({ mtimeSeconds, mtimeNanoseconds }: TreeNode): string {
  if (mtimeSeconds >= 0 || mtimeNanoseconds === 0)
    return `${mtimeSeconds}${mtimeNanoseconds === 0 ? "" : `.${String(mtimeNanoseconds).padStart(9, "0")}`}`;
  const whole = mtimeSeconds + 1;
  const fraction = String(1_000_000_000 - mtimeNanoseconds).padStart(9, "0");
  return `-${-whole}.${fraction}`;
}

function paxBody(records: ReadonlyArray<[string, Buffer]>): Buffer {
  return Buffer.concat(
    records.map(([key, value]) => {
      const body = Buffer.concat([Buffer.from(` ${key}=`, "latin1"), value, Buffer.from("\n")]);
      let length = body.length + 1;
      while (String(length).length + body.length !== length) length++;
      return Buffer.concat([Buffer.from(String(length)), body]);
    }),
  );
}

function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((blockSize - (body.length % blockSize)) % blockSize)]);
}

function ustarHeader(name: string, linkName: string, node: TreeNode, size: number, flag: string): Buffer {
  const header = Buffer.alloc(blockSize);
  // What does not fit is in an extended header before this one.
  const octal = (value: number, offset: number, length: number) => {
    const text = value.toString(8);
    header.write((text.length < length ? text : "0").padStart(length - 1, "0"), offset, "latin1");
  };
  header.write(name.slice(0, 100), 0, "latin1");
  octal(node.mode & 0o7777, 100, 8);
  octal(node.uid, 108, 8);
  octal(node.gid, 116, 8);
  octal(size, 124, 12);
  octal(Math.max(node.mtimeSeconds, 0), 136, 12);
  header.write(flag, 156, "latin1");
  header.write(linkName.slice(0, 100), 157, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  const isDevice = node.type === "chardev" || node.type === "blockdev";
  octal(isDevice ? node.major : 0, 329, 8);
  octal(isDevice ? node.minor : 0, 337, 8);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}
