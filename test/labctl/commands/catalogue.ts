import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { flag, operand, parsed, value } from "../arguments.ts";
import { Exit } from "../context.ts";
import { decode, list } from "../go-json.ts";
import { exchange, type LabctlApi } from "../http.ts";
import { dumpManifest, type ParsedManifest, parseManifest, requestParts } from "../manifest.ts";
import { contentFile, type Playground, playground, uploadReply } from "../shapes.ts";

export async function catalog(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options } = parsed(args, { filter: { ...value, short: "f" }, quiet: { ...flag, short: "q" } });
  const query = options.filter === undefined ? "" : `?filter=${encodeURIComponent(options.filter)}`;
  const found = await api.call("GET", `/playgrounds${query}`, list(playground));
  for (const { name, description } of found.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (options.quiet) api.context.out(`${name}\n`);
    else api.context.err(`${name}  ${description}\n`);
  }
}

export async function create(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    base: { ...value, short: "b" },
    file: { ...value, short: "f" },
    quiet: { ...flag, short: "q" },
  });
  const name = operand(positionals, 0, "name");
  if (options.base === undefined) throw new Exit(1, 'Required flag(s) "base" not set');
  let parts: Record<string, unknown>;
  if (options.file === undefined) {
    // Without a file the server gets its own dump back, statuses and names of tasks included.
    const { dump, fields } = await extended(api, options.base);
    parts = requestParts({ ...dump, kind: "playground", playground: fields });
  } else {
    const given = await readManifest(api, options.file);
    if (given.name !== "" && given.name !== name) throw new Exit(1, "Playground name in manifest doesn't match");
    parts = requestParts(given);
  }
  const made = await api.call("POST", "/playgrounds", playground, { name, base: options.base, ...parts });
  if (!options.quiet) api.context.err(`Playground URL: ${made.pageUrl}\n`);
  api.context.out(`${made.name}\n`);
}

export async function manifest(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { positionals } = parsed(args, {});
  const { dump, fields } = await extended(api, operand(positionals, 0, "name"));
  api.context.out(dumpManifest(dump, fields));
}

export async function update(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, {
    file: { ...value, short: "f" },
    dir: { ...value, short: "d" },
    force: flag,
    quiet: { ...flag, short: "q" },
  });
  const name = operand(positionals, 0, "name");
  if (options.file !== undefined && options.dir !== undefined) throw new Exit(1);
  const given = await readManifest(api, options.file ?? join(options.dir ?? `./${name}`, "manifest.yaml"));
  const body = { ...requestParts(given), ...(given.cover === "" ? {} : { cover: given.cover }) };
  const changed = await api.call("PUT", `/playgrounds/${name}`, playground, body);
  if (options.file === undefined) await pushContent(api, name, options.dir ?? `./${name}`);
  api.context.out(`${changed.name}\n`);
}

export async function remove(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options, positionals } = parsed(args, { force: { ...flag, short: "f" } });
  const name = operand(positionals, 0, "name");
  // The question has nobody to answer it here.
  if (!options.force) throw new Exit(0);
  await api.send("DELETE", `/playgrounds/${name}`);
}

export async function readManifest(api: LabctlApi, file: string): Promise<ParsedManifest> {
  return parseManifest(file === "-" ? api.context.stdin : await readFile(file, "utf8"));
}

async function extended(api: LabctlApi, name: string): Promise<{ dump: Playground; fields: Record<string, unknown> }> {
  const { body } = await api.send("GET", `/playgrounds/${name}?format=extended`);
  return { dump: decode(playground, body), fields: JSON.parse(body) as Record<string, unknown> };
}

/** Everything in the folder but the manifest and index.md is a content file; those known already are not sent. */
async function pushContent(api: LabctlApi, name: string, directory: string): Promise<void> {
  const query = `kind=playground&name=${name}`;
  const known = await api.call("GET", `/content/v2/files?${query}`, list(contentFile));
  const excluded = ["index.md", "manifest.yaml", "manifest.yml"];
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(join(directory, "/").length))
    .filter(path => !excluded.includes(path));
  for (const path of files) {
    const content = await readFile(join(directory, path));
    const digest = createHash("md5").update(content).digest("hex");
    if (known.some(each => each.path === path && each.digest === digest)) continue;
    if (path.endsWith(".md")) {
      await api.send("PUT", "/content/markdown", { kind: "playground", name, file: path, content: content.toString() });
      continue;
    }
    const target = { kind: "playground", name, file: path };
    const { uploadUrl } = await api.call("PUT", "/content/files", uploadReply, target);
    const reply = await upload(api, uploadUrl, content);
    if (reply.status >= 300) throw new Exit(1, `Couldn't upload ${path}: ${reply.status} ${reply.body}`);
  }
  for (const { path } of known) {
    if (!files.includes(path)) await api.send("DELETE", `/content/files?${query}&file=${encodeURIComponent(path)}`);
  }
}

/** Basic auth only where the URL is below our base. */
function upload({ context, config }: LabctlApi, url: string, content: Buffer) {
  const { sessionId, accessToken, baseUrl } = config;
  const pair = Buffer.from(`${sessionId}:${accessToken}`).toString("base64");
  const headers = url.startsWith(baseUrl) ? { authorization: `Basic ${pair}` } : {};
  return exchange(context, "PUT", url, { headers: { "user-agent": "labctl", ...headers }, body: content });
}
