import type { Migration } from "kysely/migration";
import { up as initial } from "./migrations/0001-initial.ts";
import { up as people } from "./migrations/0002-people.ts";
import { up as tunnels } from "./migrations/0003-tunnels.ts";
import { up as contentFiles } from "./migrations/0004-content-files.ts";
import { up as shells } from "./migrations/0005-shells.ts";
import { up as playTimes } from "./migrations/0006-play-times.ts";

/** In order, for good: a migration that was released is never changed, only followed by another one. */
export const migrations: Record<string, Migration> = {
  "0001-initial": { up: initial },
  "0002-people": { up: people },
  "0003-tunnels": { up: tunnels },
  "0004-content-files": { up: contentFiles },
  "0005-shells": { up: shells },
  "0006-play-times": { up: playTimes },
};
