import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { Problem } from "../../api/problems.ts";
import { credentialsFromHelper } from "./credential-helper.ts";
import type { Credentials } from "./token.ts";

const maxFileBytes = 1024 * 1024;
const fileSchema = z.object({
  auths: z
    .record(
      z.string(),
      z.object({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .default({}),
  credHelpers: z.record(z.string(), z.string()).default({}),
  credsStore: z.string().optional(),
});

type AuthFile = z.infer<typeof fileSchema>;

/**
 * The credentials for one repository from the files that `docker login` and `podman login` write: the given ones
 * first, then Podman's, then Docker's. The first file that knows the registry decides; a missing file knows nothing.
 */
export async function readCredentials(
  registry: string,
  repository: string,
  configuredFiles: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  for (const path of [...configuredFiles, ...standardFiles(env)]) {
    const file = await readAuthFile(path);
    const found = file && (await credentialsIn(file, registry, repository, env));
    if (found !== undefined) return found;
  }
  return undefined;
}

function standardFiles(env: NodeJS.ProcessEnv): string[] {
  const { HOME, XDG_RUNTIME_DIR, REGISTRY_AUTH_FILE, DOCKER_CONFIG } = env;
  const config = env.XDG_CONFIG_HOME ?? (HOME === undefined ? undefined : join(HOME, ".config"));
  const docker = DOCKER_CONFIG ?? (HOME === undefined ? undefined : join(HOME, ".docker"));
  return [
    ...(REGISTRY_AUTH_FILE === undefined ? [] : [REGISTRY_AUTH_FILE]),
    ...(XDG_RUNTIME_DIR === undefined ? [] : [join(XDG_RUNTIME_DIR, "containers", "auth.json")]),
    ...(config === undefined ? [] : [join(config, "containers", "auth.json")]),
    ...(docker === undefined ? [] : [join(docker, "config.json")]),
  ];
}

async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unreadable(path, (error as Error).message);
  }
  // Podman makes an empty file when the last login is removed.
  if (text.trim() === "") return undefined;
  if (text.length > maxFileBytes) throw unreadable(path, `it is larger than ${maxFileBytes} bytes`);
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    // Its content may be a secret, so the parser's message, which quotes it, stays here.
    throw unreadable(path, "it is not a JSON file of credentials");
  }
}

/** As Docker decides: the helper of this registry, then the store of all, then what stands in the file. */
async function credentialsIn(
  file: AuthFile,
  registry: string,
  repository: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const names = spellings(registry);
  const helper = names.map(name => (Object.hasOwn(file.credHelpers, name) ? file.credHelpers[name] : undefined));
  const program = helper.find(name => name !== undefined) ?? file.credsStore;
  if (program !== undefined) {
    for (const name of names) {
      const found = await credentialsFromHelper(program, name, env);
      if (found !== undefined) return found;
    }
  }
  // Podman keeps credentials for parts of a registry too: the longest prefix of the repository counts.
  const parts = repository.split("/");
  for (let length = parts.length; length >= 0; length--) {
    for (const name of names) {
      const entry = entryOf(file, [name, ...parts.slice(0, length)].join("/"));
      const found = entry && decode(entry);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Docker Hub has a name of its own in these files, from the time when it was the only registry. */
function spellings(registry: string): string[] {
  return registry === "docker.io" ? ["docker.io", "https://index.docker.io/v1/", "index.docker.io"] : [registry];
}

function entryOf(file: AuthFile, key: string): AuthFile["auths"][string] | undefined {
  const bare = (text: string) => text.replace(/^https?:\/\//, "").replace(/\/(?:v[12]\/?)?$/, "");
  return Object.entries(file.auths).find(([name]) => name === key || bare(name) === bare(key))?.[1];
}

function decode(entry: AuthFile["auths"][string]): Credentials | undefined {
  const decoded = Buffer.from(entry.auth ?? "", "base64")
    .toString("utf8")
    .replace(/\0+$/, "");
  const colon = decoded.indexOf(":");
  const username = entry.username ?? (colon > 0 ? decoded.slice(0, colon) : undefined);
  const password = entry.password ?? (colon > 0 ? decoded.slice(colon + 1) : undefined);
  if (entry.identitytoken) {
    return { username: username ?? "<token>", password: password ?? "", identityToken: entry.identitytoken };
  }
  return username === undefined || password === undefined ? undefined : { username, password };
}

function unreadable(path: string, why: string): Problem {
  return new Problem("image/credentials-unusable", { message: `the credentials in ${path} cannot be used: ${why}` });
}
