import { randomBytes } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { hostname } from "node:os";
import { join } from "node:path";
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { installedVersion } from "../host/installed-version.ts";
import type { Log } from "../lib/log.ts";
import { type HostSize, sizeOfThisHost, withinHost } from "../playground/host-limits.ts";
import type { Plays } from "../playground/plays.ts";
import type { Database } from "../store/database/open-database.ts";
import { settingOr } from "../store/database/settings.ts";
import { Accounts } from "./auth/accounts.ts";
import { authenticateRequests } from "./auth/authenticate.ts";
import { LiveConnections } from "./auth/live-connections.ts";
import { LoginThrottle } from "./auth/login-throttle.ts";
import { PasswordLogin } from "./auth/password-login.ts";
import { People } from "./auth/people.ts";
import { newSecret } from "./auth/secrets.ts";
import type { ServerConfig } from "./config.ts";
import { ContentStore } from "./content/content-store.ts";
import { refuseCrossSiteRequests, refuseForeignHosts } from "./csrf.ts";
import { answerWithProblems } from "./errors.ts";
import { acceptJsonBodies } from "./json-bodies.ts";
import { openLoginProviders } from "./login/providers.ts";
import { describeApi } from "./open-api.ts";
import { Origins } from "./origins.ts";
import { loadBuiltInPlaygrounds } from "./playgrounds/built-in.ts";
import { Catalogue } from "./playgrounds/catalogue.ts";
import { Expiry } from "./plays/expiry.ts";
import { OwnedPlays } from "./plays/owned-plays.ts";
import { PlayFeeds } from "./plays/play-feed.ts";
import { Quotas } from "./plays/quotas.ts";
import { PortGate } from "./ports/port-gate.ts";
import { PortPasses } from "./ports/port-pass.ts";
import { PortProxy } from "./ports/port-proxy.ts";
import { contentFileRoutes } from "./routes/content-files.ts";
import { limitRequests } from "./rate-limits.ts";
import { registerRoutes } from "./routes.ts";
import { addSecurityHeaders } from "./security-headers.ts";
import type { Services } from "./services.ts";
import { isShellLabel } from "./shells/shared-shell.ts";
import { loadShellFiles } from "./shells/shell-files.ts";
import { ShellHost } from "./shells/shell-host.ts";
import { ShellSessions } from "./shells/shell-sessions.ts";
import { ConnSockets } from "./sockets/conns.ts";
import { serveWebUi } from "./static-files.ts";
import { Tickets } from "./tickets.ts";
import { TunnelCredentials } from "./tunnels/tunnel-credentials.ts";
import { TunnelSockets } from "./tunnels/tunnel-sockets.ts";
import { dispatchUpgrades } from "./upgrade.ts";

/** A manifest may have a megabyte; JSON around it takes some more. */
const bodyLimitBytes = 4 * 1024 * 1024;
/** Uploads into an app may take long; slow headers stay limited to a minute. */
export const httpTimeouts = { requestTimeout: 60 * 60_000, headersTimeout: 60_000 };
/** The contract of the official client: hold about a minute, then 503. */
const tunnelHoldMs = 55_000;
const installation = join(import.meta.dirname, "../..");

export interface ServerOptions {
  config: ServerConfig;
  plays: Plays;
  database: Database;
  log: Log;
  now?: () => number;
  /** Where content files of playgrounds are kept; made when the first one comes. */
  contentDirectory: string;
  /** Where the secrets of login providers may be. */
  env?: NodeJS.ProcessEnv;
  /** Default: this one. */
  host?: HostSize;
  /** Default: those that came with this installation. */
  playgroundsDirectory?: string;
  webDirectory?: string;
  /** Default 55 s. */
  tunnelHoldMs?: number;
}

export interface LabyardServer {
  app: FastifyInstance;
  accounts: Accounts;
  origins: Origins;
  /** Tells one start of the server from the next; /api/health answers with it. */
  instance: string;
  /** Answers on this server too, which its caller lets listen; `app.close()` ends it with the rest. */
  alsoServe(server: HttpsServer): void;
}

/**
 * The whole server, not yet listening. Requests for exposed ports are turned aside before the framework sees them, so
 * nothing of ours (policies, cookies, body limits) touches them. `app.close()` ends its sockets and timers; plays go
 * on.
 */
export async function buildServer(options: ServerOptions): Promise<LabyardServer> {
  const { config, plays, database, log, now = Date.now, host = sizeOfThisHost() } = options;
  const limits = withinHost(config.limits, host);
  const origins = new Origins(config, [hostname().toLowerCase()]);
  const tickets = new Tickets(now);
  const accounts = new Accounts(database, config.sessions, now);
  const builtIn = await loadBuiltInPlaygrounds(options.playgroundsDirectory ?? join(installation, "playgrounds"), log);
  const ownedPlays = new OwnedPlays({ database, plays, origins, limits, now });
  const feeds = new PlayFeeds(plays, playId => ownedPlays.lostState(playId), log);
  const conns = new ConnSockets(feeds);
  const expiry = new Expiry({ database, plays, keepExpiredDays: config.plays.keepExpiredDays, log, now });
  const passes = new PortPasses(await settingOr(database, "port-pass-key", newSecret), now);
  const gate = new PortGate({ accounts, tickets, passes, origins });
  const content = new ContentStore({
    database,
    directory: options.contentDirectory,
    limits: config.content,
    now,
  });
  await content.sweep();
  const webDirectory = options.webDirectory ?? join(installation, "web", "dist");
  const shells = new ShellSessions(plays);
  const shellFiles = await loadShellFiles(webDirectory);
  const live = new LiveConnections();
  const shellHost = new ShellHost({ database, plays, origins, gate, live, sessions: shells, files: shellFiles, log });
  const ports = new PortProxy({ database, plays, origins, gate, live, log });
  const tunnelCredentials = new TunnelCredentials(database, now);
  const tunnels = new TunnelSockets({ credentials: tunnelCredentials, accounts, live, plays, log });
  const services: Services = {
    config,
    database,
    plays,
    limits,
    log,
    now,
    origins,
    tickets,
    accounts,
    people: new People({ database, live, now }),
    passwordLogin: new PasswordLogin({ database, throttle: new LoginThrottle(now), now }),
    loginProviders: await openLoginProviders(config.login, options.env ?? {}, now),
    live,
    quotas: new Quotas({
      database,
      plays,
      limits: { ...config.limits, ...limits },
      maxActivePerUser: config.plays.maxActivePerUser,
      hostMemoryMiB: host.memoryMiB,
    }),
    tunnelCredentials,
    tunnelHoldMs: options.tunnelHoldMs ?? tunnelHoldMs,
    catalogue: new Catalogue(database, builtIn, config.anyoneMeans),
    content,
    ownedPlays,
    feeds,
    expiry,
    shells,
    instance: randomBytes(6).toString("hex"),
    version: installedVersion(),
  };

  const loggerInstance: FastifyBaseLogger = log;
  let answer: RequestListener | undefined;
  const app = fastify({
    loggerInstance,
    // Addresses hold tickets and codes, so they do not belong into logs.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    serverFactory: handler => {
      answer = handlerBesidePorts(handler, origins, { ports, shellHost });
      return createServer(httpTimeouts, answer);
    },
    // Streams of exposed ports may never end by themselves; closing does not wait for them.
    forceCloseConnections: true,
    // Only a reverse proxy on this host may say who the visitor is (for rate limits).
    trustProxy: config.publicUrl === undefined ? false : "loopback",
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  acceptJsonBodies(app);
  answerWithProblems(app);
  await addSecurityHeaders(app, origins);
  refuseForeignHosts(app, origins);
  authenticateRequests(app, accounts, origins);
  refuseCrossSiteRequests(app, origins);
  await limitRequests(app, config.rateLimits);
  await describeApi(app, services.version);
  await app.register(
    async api => {
      registerRoutes(api.withTypeProvider<ZodTypeProvider>(), services);
    },
    { prefix: "/api" },
  );
  // Covers and landing pages name them by this path. Documented once, below /api.
  await app.register(async pages => contentFileRoutes(pages.withTypeProvider<ZodTypeProvider>(), services));
  await serveWebUi(app, webDirectory);
  const upgrades = { origins, tickets, accounts, live, plays, conns, ports, shellHost, tunnels, log };
  const closeSockets = [dispatchUpgrades(app.server, upgrades)];
  const besides: HttpsServer[] = [];
  app.addHook("onListen", async () => {
    const address = app.server.address();
    if (typeof address === "object" && address !== null) origins.setPort(address.port);
  });
  app.addHook("preClose", async () => {
    feeds.close();
    tunnels.close();
    await Promise.all(closeSockets.map(close => close()));
    for (const server of besides) {
      server.close();
      server.closeAllConnections();
    }
    await expiry[Symbol.asyncDispose]();
  });
  await app.ready();
  expiry.refresh();
  const alsoServe = (server: HttpsServer) => {
    if (answer) server.on("request", answer);
    closeSockets.push(dispatchUpgrades(server, upgrades));
    besides.push(server);
  };
  return { app, accounts, origins, instance: services.instance, alsoServe };
}

/** Requests for exposed ports and shared shells go past the framework: nothing of ours may touch them. */
function handlerBesidePorts(
  handler: RequestListener,
  origins: Origins,
  { ports, shellHost }: { ports: PortProxy; shellHost: ShellHost },
): RequestListener {
  return (request, response) => {
    const label = origins.portLabelOf(request.headers.host);
    if (label === undefined) handler(request, response);
    else if (isShellLabel(label)) void shellHost.serve(label, request, response);
    else void ports.serve(label, request, response);
  };
}
