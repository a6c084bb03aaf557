import type { ColumnType } from "kysely";

/**
 * The tables as the newest migration leaves them. Times are milliseconds since 1970, booleans 0 or 1, JSON is text:
 * the subset that SQLite and PostgreSQL share. Secrets are stored as sha256 in hex, never as they are.
 */
export interface Tables {
  users: UsersTable;
  login_codes: LoginCodesTable;
  sessions: SessionsTable;
  tokens: TokensTable;
  playgrounds: PlaygroundsTable;
  plays: PlaysTable;
  ports: PortsTable;
  content_files: ContentFilesTable;
  shells: ShellsTable;
  port_forwards: PortForwardsTable;
  tunnels: TunnelsTable;
  settings: SettingsTable;
  identities: IdentitiesTable;
  groups: GroupsTable;
  group_members: GroupMembersTable;
}

/** May be left out of an insert. */
type Optional<T> = ColumnType<T | null, T | null | undefined, T | null>;

export interface UsersTable {
  id: string;
  name: string;
  administrator: number;
  /** As GitHub tells it, or as the operator said before the person's first login. */
  github_handle: string | null;
  created_at: number;
  /** $argon2id$v=19$…; NULL: no login by password */
  password_hash: Optional<string>;
  /** Told by the operator; a provider that has verified it may log this person in. */
  email: Optional<string>;
  region: Optional<string>;
  disabled_at: Optional<number>;
}

/** A person as another provider knows them. */
export interface IdentitiesTable {
  issuer: string;
  subject: string;
  user_id: string;
  /** For people only: an address or handle. */
  label: string;
  created_at: number;
}

/** Whom `student:<name>` and `instructor` in access lists mean. Students count while it is open. */
export interface GroupsTable {
  name: string;
  opens_at: number | null;
  closes_at: number | null;
  created_at: number;
}

export interface GroupMembersTable {
  group_name: string;
  user_id: string;
  role: "student" | "instructor";
}

export interface LoginCodesTable {
  code_sha256: string;
  user_id: string;
  expires_at: number;
}

export interface SessionsTable {
  id: string;
  /** browser: opened by a login code; client: opened by a program and approved by a person; local: the CLI of this home */
  kind: "browser" | "client" | "local";
  secret_sha256: string;
  /** NULL until a person has approved it. */
  user_id: string | null;
  user_agent: string;
  created_at: number;
  expires_at: number;
  /** Where it was asked for. */
  address: Optional<string>;
  /** Roughly: written at most once in five minutes. */
  used_at: Optional<number>;
}

export interface TokensTable {
  id: string;
  user_id: string;
  name: string;
  /** JSON: list of scopes */
  scope: string;
  secret_sha256: string;
  created_at: number;
  expires_at: number;
  used_at: Optional<number>;
}

export interface PlaygroundsTable {
  id: string;
  name: string;
  owner: string;
  base: string;
  /** JSON: the normalised manifest, unknown keys included */
  manifest: string;
  created_at: number;
  updated_at: number;
}

export interface PlaysTable {
  id: string;
  owner: string;
  playground: string;
  playground_owner: string;
  /** JSON: the frozen, merged manifest */
  manifest: string;
  /** JSON: every declared key with its value */
  init_conditions: string;
  /** JSON: what the person was warned of at the start */
  warnings: string;
  title: string;
  persistent: number;
  max_play_time_ms: number;
  created_at: number;
  updated_at: number;
  /** When it will be stopped. */
  expires_at: number;
  /** Set when it was stopped for its age; it is destroyed some days later unless it was restarted. */
  expired_at: number | null;
  destroyed_at: number | null;
}

export interface PortsTable {
  id: string;
  play_id: string;
  machine: string;
  number: number;
  /** First label of its host name: <play id>-<6 hex> */
  label: string;
  access: "private" | "public";
  tls: number;
  host_rewrite: string | null;
  path_rewrite: string | null;
  /** The tab it was made for; NULL when it was exposed by hand. */
  tab_id: string | null;
  created_at: number;
}

export interface ContentFilesTable {
  playground_id: string;
  /** As the author named it, e.g. __static__/cover.png; a name, not a place on this host. */
  path: string;
  /** Name of the file in the playground's folder of content/. */
  blob: string;
  md5: string;
  size_bytes: number;
  updated_at: number;
}

export interface ShellsTable {
  id: string;
  play_id: string;
  machine: string;
  user: string;
  /** First label of its host name: <play id>-<6 hex>-shell */
  label: string;
  access: "private" | "public";
  created_at: number;
}

export interface PortForwardsTable {
  id: string;
  play_id: string;
  /** Order within the play; gaps are left where one was removed. */
  position: number;
  kind: "local" | "remote";
  machine: string;
  local_host: string | null;
  local_port: number | null;
  remote_host: string | null;
  remote_port: number | null;
  created_at: number;
}

export interface TunnelsTable {
  id: string;
  play_id: string;
  machine: string;
  user_id: string;
  /** The session or the token that opened it; the other is NULL. */
  session_id: string | null;
  token_id: string | null;
  secret_sha256: string;
  created_at: number;
  used_at: number;
}

export interface SettingsTable {
  name: string;
  value: string;
}
