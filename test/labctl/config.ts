import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import type { LabctlContext } from "./context.ts";

export interface LabctlConfig {
  baseUrl: string;
  apiBaseUrl: string;
  sessionId: string;
  accessToken: string;
  playsDir: string;
  sshIdentityFile: string;
}

const file = (home: string) => join(home, ".iximiuz/labctl/config.yaml");

/** Reads ~/.iximiuz/labctl/config.yaml; when it exists, defaults are not merged in. */
export async function readConfig({ home, env, err }: LabctlContext, endpoint?: string): Promise<LabctlConfig> {
  let config: LabctlConfig = {
    baseUrl: "https://labs.iximiuz.com",
    apiBaseUrl: "https://labs.iximiuz.com/api",
    sessionId: "",
    accessToken: "",
    playsDir: join(home, ".iximiuz/labctl/plays"),
    sshIdentityFile: join(home, ".ssh/iximiuz_labs_user"),
  };
  const source = await readFile(file(home), "utf8").catch(() => undefined);
  if (source !== undefined) {
    const found = yamlOf(source, err);
    if (found !== undefined) {
      const text = (key: string) => {
        const value = found[key];
        return typeof value === "string" ? value : "";
      };
      config = {
        apiBaseUrl: text("api_base_url"),
        baseUrl: text("base_url") || text("api_base_url").replace(/\/api$/, ""),
        sessionId: text("session_id"),
        accessToken: text("access_token"),
        playsDir: text("plays_dir"),
        sshIdentityFile: text("ssh_identity_file") || join(home, ".ssh/iximiuz_labs_user"),
      };
    }
  }
  if (endpoint !== undefined) config = { ...config, baseUrl: endpoint, apiBaseUrl: `${endpoint}/api` };
  return {
    ...config,
    sessionId: env.IXIMIUZ_SESSION_ID || config.sessionId,
    accessToken: env.IXIMIUZ_ACCESS_TOKEN || config.accessToken,
  };
}

/** Through a temporary file, 0600 in a directory of 0700. An endpoint given by flag is written, too. */
export async function writeConfig({ home }: Pick<LabctlContext, "home">, config: LabctlConfig): Promise<void> {
  const path = file(home);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const content = stringify({
    base_url: config.baseUrl,
    api_base_url: config.apiBaseUrl,
    session_id: config.sessionId,
    access_token: config.accessToken,
    plays_dir: config.playsDir,
    ssh_identity_file: config.sshIdentityFile,
  });
  await writeFile(`${path}.tmp`, content, { mode: 0o600 });
  await chmod(`${path}.tmp`, 0o600);
  await rename(`${path}.tmp`, path);
}

function yamlOf(source: string, err: (text: string) => void): Record<string, unknown> | undefined {
  try {
    const value: unknown = parse(source);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    err("Unable to load the config: using the built-in defaults\n");
    return undefined;
  }
}
