import type { Log } from "../lib/log.ts";
import type { HostFacts } from "../plan/plan.ts";
import type { Plays } from "../playground/plays.ts";
import type { Database } from "../store/database/open-database.ts";
import type { Accounts } from "./auth/accounts.ts";
import type { LiveConnections } from "./auth/live-connections.ts";
import type { PasswordLogin } from "./auth/password-login.ts";
import type { People } from "./auth/people.ts";
import type { ServerConfig } from "./config.ts";
import type { ContentStore } from "./content/content-store.ts";
import type { LoginProvider } from "./login/provider.ts";
import type { Origins } from "./origins.ts";
import type { Catalogue } from "./playgrounds/catalogue.ts";
import type { Expiry } from "./plays/expiry.ts";
import type { OwnedPlays } from "./plays/owned-plays.ts";
import type { PlayFeeds } from "./plays/play-feed.ts";
import type { ShellSessions } from "./shells/shell-sessions.ts";
import type { Quotas } from "./plays/quotas.ts";
import type { Tickets } from "./tickets.ts";
import type { TunnelCredentials } from "./tunnels/tunnel-credentials.ts";

/** What routes are made of. Each names the few it needs (`Pick`), so its reach can be read from its signature. */
export interface Services {
  config: ServerConfig;
  database: Database;
  plays: Plays;
  /** What one machine and one play get at most: as configured, and no more than the host has. */
  limits: HostFacts["limits"];
  log: Log;
  now: () => number;
  origins: Origins;
  tickets: Tickets;
  accounts: Accounts;
  people: People;
  passwordLogin: PasswordLogin;
  loginProviders: ReadonlyMap<string, LoginProvider>;
  live: LiveConnections;
  quotas: Quotas;
  tunnelCredentials: TunnelCredentials;
  /** How long a request for a tunnel waits for its machine. */
  tunnelHoldMs: number;
  catalogue: Catalogue;
  content: ContentStore;
  ownedPlays: OwnedPlays;
  feeds: PlayFeeds;
  expiry: Expiry;
  shells: ShellSessions;
  /** Tells one start of the server from the next. */
  instance: string;
  version: string;
}
