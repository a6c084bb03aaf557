import { readFile } from "node:fs/promises";
import { Problem } from "../../api/problems.ts";
import type { ServerConfig } from "../config.ts";
import { githubProvider } from "./github.ts";
import { oidcProvider } from "./oidc.ts";
import type { SecretPlace } from "./login-config.ts";
import type { LoginProvider } from "./provider.ts";

/** All providers of the configuration by name, with their secrets read. Rejects with `server/config-invalid`. */
export async function openLoginProviders(
  config: ServerConfig["login"],
  env: NodeJS.ProcessEnv,
  now: () => number,
): Promise<Map<string, LoginProvider>> {
  const providers = new Map<string, LoginProvider>();
  if (config.github) {
    providers.set("github", githubProvider(config.github, await readSecret("github", config.github, env)));
  }
  for (const oidc of config.oidc) {
    providers.set(oidc.name, oidcProvider(oidc, await readSecret(oidc.name, oidc, env), now));
  }
  return providers;
}

async function readSecret(
  provider: string,
  { clientSecretFile, clientSecretEnv }: SecretPlace,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const place = clientSecretFile === undefined ? `the variable ${clientSecretEnv}` : `the file ${clientSecretFile}`;
  const missing = (cause?: unknown) =>
    new Problem("server/config-invalid", {
      message: `login: the client secret of "${provider}" is missing: ${place} is empty or cannot be read`,
      cause,
    });
  if (clientSecretFile === undefined) {
    const secret = env[clientSecretEnv ?? ""]?.trim();
    if (!secret) throw missing();
    return secret;
  }
  let secret: string;
  try {
    secret = (await readFile(clientSecretFile, "utf8")).trim();
  } catch (cause) {
    throw missing(cause);
  }
  if (secret === "") throw missing();
  return secret;
}
