import { Problem } from "../../api/problems.ts";
import { noOffers, type Offers } from "../../manifest/default-tabs.ts";
import type { Database } from "../../store/database/open-database.ts";
import {
  findPlayground,
  listPlaygrounds,
  mostStartedPlaygrounds,
  recentlyStartedPlaygrounds,
} from "../../store/database/playgrounds.ts";
import { type AccessItem, type AccessSubject, mayEdit } from "../access/evaluate.ts";
import { accessOf, type StoredPlayground, storedPlaygroundOf } from "./stored-playground.ts";

const maxRanked = 50;
/** Playgrounds may derive from derived ones; nobody piles up this many. */
const maxBaseDepth = 20;

/** All playgrounds of this installation, and who may see which. */
export class Catalogue {
  readonly #database: Database;
  readonly #builtIn: ReadonlyMap<string, StoredPlayground>;
  readonly #anyoneMeans: AccessItem["anyoneMeans"];

  constructor(database: Database, builtIn: readonly StoredPlayground[], anyoneMeans: AccessItem["anyoneMeans"]) {
    this.#database = database;
    this.#builtIn = new Map(builtIn.map(playground => [playground.name, playground]));
    this.#anyoneMeans = anyoneMeans;
  }

  isBuiltIn(name: string): boolean {
    return this.#builtIn.has(name);
  }

  async find(name: string): Promise<StoredPlayground | undefined> {
    const builtIn = this.#builtIn.get(name);
    if (builtIn) return builtIn;
    const row = await findPlayground(this.#database, name);
    return row && storedPlaygroundOf(row);
  }

  /**
   * The playground with this person's access to it. Who has no access at all is told that it does not exist; who has
   * some, but none of `needed`, that it is forbidden.
   */
  async require(name: string, subject: AccessSubject | undefined, needed: ReadonlyArray<"canRead" | "canStart">) {
    const playground = await this.find(name);
    const access = playground && this.access(playground, subject);
    const isOwner = playground !== undefined && playground.owner !== "" && playground.owner === subject?.userId;
    if (playground === undefined || access === undefined || !(isOwner || Object.values(access).some(Boolean))) {
      throw new Problem("server/not-found", { message: `There is no playground "${name}"` });
    }
    if (!needed.some(right => access[right])) {
      const what = needed.includes("canRead") ? "read" : "start";
      throw new Problem("server/forbidden", { message: `You may not ${what} the playground "${name}"` });
    }
    return { playground, access };
  }

  /** The playground, for those who may change it. Others learn that it exists only if they have some access to it. */
  async requireEditable(name: string, subject: AccessSubject): Promise<StoredPlayground> {
    const playground = await this.find(name);
    if (playground !== undefined && mayEdit(playground, subject)) return playground;
    const access = playground && this.access(playground, subject);
    if (access === undefined || !Object.values(access).some(Boolean)) {
      throw new Problem("server/not-found", { message: `There is no playground "${name}"` });
    }
    throw new Problem("server/forbidden", {
      message:
        playground?.owner === ""
          ? `"${name}" came with this installation and cannot be changed; create one of your own on its base`
          : `Only its owner may change the playground "${name}"`,
    });
  }

  access(playground: StoredPlayground, subject: AccessSubject | undefined) {
    return accessOf(playground, subject, this.#anyoneMeans);
  }

  /** What the images of a playground bring, which its outermost base knows. */
  async offersOf(playground: StoredPlayground): Promise<Offers> {
    let current: StoredPlayground | undefined = playground;
    for (let depth = 0; current !== undefined && depth < maxBaseDepth; depth++) {
      if (current.offers !== undefined) return current.offers;
      current = await this.find(current.base);
    }
    return noOffers;
  }

  /** What a person finds under a filter; an unknown filter finds nothing. Without one: the built-in playgrounds. */
  async list(filter: string | undefined, subject: AccessSubject | undefined): Promise<StoredPlayground[]> {
    const found = await this.#select(filter, subject);
    return found.filter(playground => this.access(playground, subject).canList);
  }

  async #select(filter: string | undefined, subject: AccessSubject | undefined): Promise<StoredPlayground[]> {
    if (filter === undefined || filter === "" || filter === "base") return [...this.#builtIn.values()];
    if (filter === "my-custom") return (await this.#custom()).filter(({ owner }) => owner === subject?.userId);
    if (filter === "community") return (await this.#custom()).filter(({ owner }) => owner !== subject?.userId);
    if (filter === "popular") return this.#ranked(await mostStartedPlaygrounds(this.#database, maxRanked));
    if (filter === "recent" && subject !== undefined) {
      return this.#ranked(await recentlyStartedPlaygrounds(this.#database, subject.userId, maxRanked));
    }
    return [];
  }

  async #custom(): Promise<StoredPlayground[]> {
    return (await listPlaygrounds(this.#database)).map(storedPlaygroundOf);
  }

  /** In the order of the names; playgrounds that were removed since are left out. */
  async #ranked(names: readonly string[]): Promise<StoredPlayground[]> {
    const found = await Promise.all(names.map(name => this.find(name)));
    return found.filter(playground => playground !== undefined);
  }
}
