import { hostname } from "node:os";
import { flag, parsed, value, values } from "../arguments.ts";
import { writeConfig } from "../config.ts";
import { Exit, pause } from "../context.ts";
import { CallFailure, LabctlApi } from "../http.ts";
import { me, session, token, urlReply } from "../shapes.ts";
import { deleteIdentity, generateIdentity } from "../ssh.ts";

const knownScopes = ["account", "learning", "playground", "author"].flatMap(area => [`${area}:read`, `${area}:write`]);
const approvalSeconds = 600;
const pollSeconds = 2;

export async function auth(api: LabctlApi, args: readonly string[]): Promise<void> {
  const [command = "", ...rest] = args;
  const commands: Record<string, (api: LabctlApi, args: readonly string[]) => Promise<void>> = {
    login,
    whoami,
    who: whoami,
    me: whoami,
    logout,
    token: createToken,
    "signin-url": signinUrl,
  };
  const run = commands[command];
  if (run === undefined) throw new Exit(1, `Usage: unknown command auth ${command}`);
  await run(api, rest);
}

async function login(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { context } = api;
  const { values: options } = parsed(args, {
    "session-id": { ...value, short: "s" },
    "access-token": { ...value, short: "t" },
    "ssh-authorized-key": { ...value, short: "k" },
  });
  const { "session-id": sessionId, "access-token": accessToken } = options;
  if ((sessionId === undefined) !== (accessToken === undefined)) throw new Exit(1, "Usage: -s and -t come together");
  let { config } = api;
  if (config.sessionId !== "" && config.accessToken !== "") {
    const known = await api.call("GET", "/auth/me?authenticate=true", me).catch(() => undefined);
    if (known !== undefined) throw new Exit(1, "Already logged in. Use 'labctl auth logout' first");
    await deleteIdentity(config.sshIdentityFile);
    config = { ...config, sessionId: "", accessToken: "" };
    await writeConfig(context, config);
  }
  if (sessionId !== undefined && accessToken !== undefined) {
    config = { ...config, sessionId, accessToken };
  } else {
    const asked = await new LabctlApi(context, config).call("POST", "/sessions", session);
    context.err(`Opening ${asked.authUrl} in your browser\n`);
    const waiting = { ...config, sessionId: asked.id, accessToken: asked.accessToken };
    // The id of the last reply is what is saved, with the token of the first.
    const id = await untilApproved(new LabctlApi(context, waiting));
    config = { ...config, sessionId: id, accessToken: asked.accessToken };
  }
  if (options["ssh-authorized-key"] === undefined) await generateIdentity(config.sshIdentityFile);
  else config = { ...config, sshIdentityFile: options["ssh-authorized-key"].replace(/\.pub$/, "") };
  await writeConfig(context, config);
  context.err("Authenticated.\n");
}

/** Failing calls are ignored; at the end of the patience nothing is saved, and that is a success. */
async function untilApproved(api: LabctlApi): Promise<string> {
  for (let waited = 0; waited < approvalSeconds; waited += pollSeconds) {
    const reply = await api.call("GET", `/sessions/${api.config.sessionId}`, session).catch(() => undefined);
    if (reply?.authenticated) return reply.id;
    await pause(api.context, pollSeconds);
  }
  throw new Exit(0);
}

async function whoami(api: LabctlApi): Promise<void> {
  try {
    if (api.config.sessionId === "") throw new CallFailure(401, "");
    const known = await api.call("GET", "/auth/me?authenticate=true", me);
    api.context.out(`userId: ${known.id}\n`);
    if (known.githubProfileId !== "") api.context.out(`githubProfileId: ${known.githubProfileId}\n`);
    if (known.preferredRegion !== "") api.context.out(`preferredRegion: ${known.preferredRegion}\n`);
  } catch (error) {
    if (!(error instanceof CallFailure) || error.status !== 401) throw error;
    api.context.err("Not logged in or session expired. Use 'labctl auth login' to log in.\n");
  }
}

async function logout(api: LabctlApi): Promise<void> {
  const { config, context } = api;
  await api.send("DELETE", `/sessions/${config.sessionId}`).catch((error: unknown) => {
    if (!(error instanceof CallFailure) || error.status !== 401) throw error;
  });
  await deleteIdentity(config.sshIdentityFile);
  await writeConfig(context, { ...config, sessionId: "", accessToken: "", sshIdentityFile: "" });
}

async function createToken(api: LabctlApi, args: readonly string[]): Promise<void> {
  const { values: options } = parsed(args, {
    name: value,
    scope: values,
    "expires-in": value,
    quiet: { ...flag, short: "q" },
  });
  const scope = options.scope?.flatMap(each => each.split(",")) ?? knownScopes.filter(each => !/^author/.test(each));
  const unknown = scope.find(each => !knownScopes.includes(each));
  if (unknown !== undefined) throw new Exit(1, `Unknown scope ${unknown}`);
  const made = await api.call("POST", "/oauth/tokens", token, {
    name: options.name ?? `labctl@${hostname()}`,
    scope,
    expiresInDays: Number(options["expires-in"] ?? 90),
  });
  if (made.accessToken === "") throw new Exit(1, "Couldn't create a token");
  if (!options.quiet) api.context.err(`Token ${made.name} (${made.scope.join(", ")}) expires at ${made.expiresAt}\n`);
  api.context.out(`${made.accessToken}\n`);
}

async function signinUrl(api: LabctlApi): Promise<void> {
  const { url } = await api.call("POST", "/auth/signin-url", urlReply);
  api.context.out(`${url}\n`);
}
