import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authorityFiles } from "../../src/store/paths.ts";
import { killRole } from "../fixtures/leftovers.ts";
import { bootMs, changeMs } from "../fixtures/patience.ts";
import { reportPlays } from "../fixtures/play-report.ts";
import type { RealServer } from "../fixtures/server.ts";
import type { Labctl } from "./labctl.ts";
import type { World } from "./step.ts";

/** `expose local` starts a playground of this name; its image is in a registry that tests do not reach. */
export const conformanceConfig = "images:\n  aliases:\n    alpine: debian-12\n";

interface Visitor {
  cookie: string;
}

/** A logged-in browser and a session that it has approved, as far as a program can be one. */
async function openBrowser(server: RealServer): Promise<Visitor> {
  const code = new URL(await server.loginUrl()).searchParams.get("code");
  const reply = await fetch(`${server.url}/api/auth/login`, {
    method: "POST",
    headers: { origin: server.url },
    body: JSON.stringify({ code }),
  });
  const cookie = reply.headers.getSetCookie()[0]?.split(";")[0];
  if (!reply.ok || cookie === undefined) throw new Error(`the browser was not let in: ${await reply.text()}`);
  return { cookie };
}

/**
 * What one run of the sequence needs: a fresh home for the client and credentials of its own. Disposing it removes the
 * home.
 */
export async function openWorld(
  server: RealServer,
  makeLabctl: (place: { home: string; caFile: string | undefined }) => Labctl,
): Promise<World & AsyncDisposable> {
  const { tlsUrl } = server;
  if (tlsUrl === undefined) throw new Error("the server speaks no TLS: no tunnel could be opened");
  const home = await mkdtemp(join(tmpdir(), "labyard-labctl-"));
  const browser = await openBrowser(server);
  const approve = async (id: string) => {
    const reply = await fetch(`${server.url}/api/sessions/${id}/approve`, {
      method: "POST",
      headers: { origin: server.url, cookie: browser.cookie },
    });
    if (!reply.ok) throw new Error(`the login was not approved: ${await reply.text()}`);
  };
  const asked = (await (await fetch(`${server.url}/api/sessions`, { method: "POST" })).json()) as {
    id: string;
    accessToken: string;
  };
  await approve(asked.id);
  const { certificate } = authorityFiles(server.paths);
  const caFile = await access(certificate).then(
    () => certificate,
    () => undefined,
  );
  const ca = caFile === undefined ? undefined : await readFile(caFile);
  return {
    labctl: makeLabctl({ home, caFile }),
    endpoint: tlsUrl,
    home,
    sessionId: asked.id,
    accessToken: asked.accessToken,
    fetchExposed: url => fetchExposed(url, ca),
    killMachine: playId => killRole(playId, "monitor"),
    approve,
    report: async () => `${await reportPlays(server.paths)}\n${server.log().slice(-3000)}`,
    bootMs,
    changeMs,
    playground: "",
    playId: "",
    [Symbol.asyncDispose]: () => rm(home, { recursive: true }),
  };
}

/** One GET as an anonymous visitor. Host names of ports exist only in browsers, so the connection goes to loopback. */
async function fetchExposed(url: string, ca: Buffer | undefined): Promise<{ status: number; body: string }> {
  const { protocol, host, hostname, port, pathname, search } = new URL(url);
  const options = { host: "127.0.0.1", port, path: `${pathname}${search}`, headers: { host }, agent: false as const };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const ask =
      protocol === "https:"
        ? httpsRequest({ ...options, servername: hostname, ...(ca === undefined ? {} : { ca }) })
        : httpRequest(options);
    ask.setTimeout(30_000, () => ask.destroy(new Error(`${url} did not answer`)));
    ask.once("response", resolve);
    ask.once("error", reject);
    ask.end();
  });
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, body };
}
