import type { PlayRow } from "./plays.ts";
import type { UserRow } from "./users.ts";

/** A person, and a play of hers that has a day. */
export const ann: UserRow = {
  id: "ann",
  name: "ann",
  administrator: 0,
  github_handle: null,
  created_at: 1,
  password_hash: null,
  email: null,
  region: null,
  disabled_at: null,
};

export const annsPlay: PlayRow = {
  id: "p",
  owner: ann.id,
  playground: "lab",
  playground_owner: "",
  manifest: "{}",
  init_conditions: "{}",
  warnings: "[]",
  title: "",
  persistent: 0,
  max_play_time_ms: 24 * 60 * 60_000,
  created_at: 5,
  updated_at: 5,
  expires_at: 5 + 24 * 60 * 60_000,
  expired_at: null,
  destroyed_at: null,
};
