import { Exit, pause } from "./context.ts";
import { GoFailure } from "./go-json.ts";
import { CallFailure, exchange, type LabctlApi } from "./http.ts";
import { tunnelReply } from "./shapes.ts";

/** What every WebSocket of a tunnel is dialled with. */
export interface Tunnel {
  /** wss://host[:port][/prefix] */
  base: string;
  cookie: string;
}

const patienceSeconds = 25 * 60;
const loginPatienceSeconds = 60;
const cookieName = ".ixcondsess";

/** POST /tunnels until it is granted, then the login URL until its last response sets the cookie. */
export async function startTunnel(
  api: LabctlApi,
  playId: string,
  machine: string,
  ssh: { user: string; publicKey: string } = { user: "", publicKey: "" },
): Promise<Tunnel> {
  const { context } = api;
  const body = {
    machine,
    port: 0,
    access: "private",
    generateLoginUrl: true,
    sshUser: ssh.user,
    sshPubKey: ssh.publicKey,
  };
  const deadline = Date.now() + patienceSeconds * context.secondMs;
  for (let wait = 1; ; wait = Math.min(5, wait * 1.5)) {
    try {
      const { url, loginUrl } = await api.call("POST", `/plays/${playId}/tunnels`, tunnelReply, body);
      const [, place] = /^[^:]*:\/\/(.*)$/.exec(url) ?? [];
      // The client takes what stands behind the first "://", whatever the server says before it.
      if (place === undefined) throw new GoFailure("panic: runtime error: index out of range [1] with length 1");
      if (/[?#]/.test(place) || place.endsWith("/")) throw new Error(`the tunnel URL cannot be a prefix: ${url}`);
      return { base: `wss://${place}`, cookie: await login(api, loginUrl) };
    } catch (error) {
      const retried = error instanceof CallFailure && [429, 503, 504].includes(error.status);
      if (!retried || Date.now() > deadline) throw error;
      const seconds = error.retryAfterSeconds ?? wait;
      context.err("Waiting for the machine…\n");
      await pause(context, seconds);
    }
  }
}

/** No header of ours goes along; only the cookies of the last response count, its status does not. */
async function login(api: LabctlApi, loginUrl: string): Promise<string> {
  const { context } = api;
  const deadline = Date.now() + loginPatienceSeconds * context.secondMs;
  for (;;) {
    const reply = await exchange(context, "GET", loginUrl, { headers: { "user-agent": "Go-http-client/1.1" } }).catch(
      () => undefined,
    );
    for (const cookie of reply?.headers["set-cookie"] ?? []) {
      const [, value] = new RegExp(`^${cookieName.replace(".", "\\.")}=([^;]*)`).exec(cookie) ?? [];
      if (value === undefined) continue;
      if (!/^[\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]+$/.test(value)) {
        throw new Error(`Go drops cookie values with quotes, ";" or "\\": ${value}`);
      }
      return value;
    }
    if (Date.now() > deadline) throw new Exit(1, "Couldn't start tunnel: no session cookie");
    await pause(context, 1);
  }
}

/** Standard alphabet with padding, not escaped for URLs. */
export function tunnelSocket({ base, cookie }: Tunnel, payload: string): { url: string; headers: { cookie: string } } {
  return {
    url: `${base}/tunnels/${Buffer.from(payload).toString("base64")}`,
    headers: { cookie: `${cookieName}=${cookie}` },
  };
}
