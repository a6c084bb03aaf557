import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { rootCertificates } from "node:tls";
import WebSocket from "ws";
import type { Client } from "../../api/client.ts";
import { Problem, type ProblemJson } from "../../api/problems.ts";
import { authorityFiles } from "../../store/paths.ts";
import { type ClientRecord, connect, readClientRecord } from "../connect.ts";
import type { CliContext } from "../context.ts";

export interface TunnelRequest {
  playId: string;
  machine: string;
  /** Lets this key log in. */
  ssh?: { user: string; publicKey: string };
}

/** A way into one machine that lasts as long as the login it was opened with. */
export interface OpenTunnel {
  /** A WebSocket for one payload of the tunnel protocol. */
  dial(payload: string): WebSocket;
}

/** As long as the official client tries while a machine boots. */
const patienceMs = 25 * 60_000;
const retryMs = 2000;

/** Opens a tunnel, waiting for the machine if need be. */
export async function openTunnel(context: CliContext, request: TunnelRequest): Promise<OpenTunnel> {
  const record = await readClientRecord(context);
  const tunnel = await ask(context, await connect(context), request);
  const response = await fetch(tunnel.loginUrl ?? "", { signal: context.signal });
  const [, cookie] = /(?:^|, )(\.ixcondsess=[^;]+)/.exec(response.headers.get("set-cookie") ?? "") ?? [];
  if (cookie === undefined) {
    throw new Problem("server/unreachable", {
      message: `the login of the tunnel failed with status ${response.status}`,
    });
  }
  const place = placeOf(record, tunnel.url);
  const ca = await trusted(context);
  return {
    dial: payload =>
      new WebSocket(`${place}/tunnels/${Buffer.from(payload).toString("base64")}`, {
        perMessageDeflate: false,
        headers: { cookie },
        ca,
      }),
  };
}

async function ask(context: CliContext, client: Client, { playId, machine, ssh }: TunnelRequest) {
  const deadline = Date.now() + patienceMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.startTunnel(playId, {
        machine,
        generateLoginUrl: true,
        ...(ssh === undefined ? {} : { sshUser: ssh.user, sshPubKey: ssh.publicKey }),
      });
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "access/machine-booting" || Date.now() > deadline) throw error;
      if (attempt === 1) context.stderr.write(`Waiting for ${machine} to start…\n`);
      await delay(retryMs, undefined, { signal: context.signal });
    }
  }
}

/** A server on this machine is spoken to as it was reached; everything else goes over TLS. */
function placeOf({ endpoint }: ClientRecord, url: string): string {
  if (endpoint.startsWith("http:")) return `ws://${new URL(endpoint).host}${new URL(url).pathname}`;
  return url.replace(/^.*?:\/\//, "wss://");
}

/** The authority of this installation may not be known to the system. */
async function trusted(context: CliContext): Promise<string[]> {
  const own = await readFile(authorityFiles(context.paths).certificate, "utf8").catch(() => undefined);
  return [...rootCertificates, ...(own === undefined ? [] : [own])];
}

/** Why a WebSocket could not be opened, in the server's words. */
export function refusal(socket: WebSocket): Promise<Problem> {
  return new Promise(resolve => {
    socket.once("unexpected-response", (_request, response) => {
      const chunks: Buffer[] = [];
      response.on("data", chunk => chunks.push(chunk as Buffer));
      response.once("close", () => {
        resolve(problemOf(response.statusCode ?? 0, Buffer.concat(chunks).toString()));
        socket.terminate();
      });
    });
    socket.once("error", cause => resolve(new Problem("server/unreachable", { message: cause.message, cause })));
  });
}

function problemOf(status: number, text: string): Problem {
  try {
    return Problem.fromJSON(JSON.parse(text) as ProblemJson);
  } catch {
    return new Problem("server/unreachable", { message: `the tunnel was refused with status ${status}` });
  }
}
