import { mkdir } from "node:fs/promises";
import { userInfo } from "node:os";
import type { Log } from "../lib/log.ts";
import { Scope } from "../lib/scope.ts";
import type { Plays } from "../playground/plays.ts";
import { openDatabase } from "../store/database/open-database.ts";
import { contentDirectory, databaseFile, type Paths } from "../store/paths.ts";
import { ensureRuntimeDirectory } from "../store/runtime-directory.ts";
import { buildServer, type LabyardServer } from "./build-server.ts";
import type { ServerConfig } from "./config.ts";
import { listenFailure } from "./listen-failure.ts";
import { writeClientFile } from "./local-client.ts";
import { loginUrl } from "./routes/login.ts";
import { lockHome, removeServerRecord, writeServerRecord } from "./server-lock.ts";
import { listenTls } from "./tls/tls-listener.ts";

export interface ServeOptions {
  paths: Paths;
  config: ServerConfig;
  plays: Plays;
  log: Log;
  /** Where the secrets of login providers may be. */
  env?: NodeJS.ProcessEnv;
  webDirectory?: string;
  playgroundsDirectory?: string;
}

/** A server that answers requests. Disposing it ends the server; the plays go on running. */
export interface RunningServer extends AsyncDisposable {
  /** Address of the web UI and, with /api, of the API. */
  url: string;
  /** Where TLS is spoken beside it; undefined when it is not. */
  tlsUrl: string | undefined;
  /** Logs one browser in as the local owner. */
  loginUrl: string;
}

/**
 * Opens this home, finds its plays again and listens. When this rejects nothing is left open: another server uses the
 * home (`server/already-running`), the port is taken (`server/listen-failed`), or the database is of a newer version.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { paths, config, plays } = options;
  await using opening = new Scope("server");
  await mkdir(paths.home, { recursive: true, mode: 0o700 });
  await ensureRuntimeDirectory(paths);
  await opening.acquire(
    "lock",
    () => lockHome(paths),
    lock => lock[Symbol.dispose](),
  );
  const database = await opening.acquire(
    "database",
    () => openDatabase(databaseFile(paths)),
    opened => opened.destroy(),
  );
  const server = await opening.acquire(
    "http server",
    () => buildServer({ ...options, database, contentDirectory: contentDirectory(paths) }),
    ({ app }) => app.close(),
  );
  await plays.recover();
  await listen(server, config);
  const tls = await opening.acquire(
    "TLS listener",
    () => listenTls({ paths, config, log: options.log, server }),
    listener => listener?.[Symbol.dispose](),
  );
  const url = server.origins.appUrl;
  await opening.acquire(
    "server record",
    () => writeServerRecord(paths, { pid: process.pid, url: localUrl(server, config), instance: server.instance }),
    () => removeServerRecord(paths),
  );
  const owner = await server.accounts.localOwner(userInfo().username);
  await writeClientFile(paths, localUrl(server, config), owner, server.accounts, database);
  const { code } = await server.accounts.createLoginCode(owner.id);

  const running = opening.move("running server");
  const tlsUrl = tls === undefined ? undefined : server.origins.tlsUrl;
  return { url, tlsUrl, loginUrl: loginUrl(url, code), [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

async function listen({ app }: LabyardServer, { listen: { host, port } }: ServerConfig): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw listenFailure(host, port, cause);
  }
}

/** Programs on this machine skip the reverse proxy that publicUrl may stand for. */
function localUrl({ app, origins }: LabyardServer, config: ServerConfig): string {
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : config.listen.port;
  return config.publicUrl === undefined ? origins.appUrl : `http://127.0.0.1:${port}`;
}
