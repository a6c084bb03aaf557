import { Problem } from "../../api/problems.ts";
import type { BlobOptions, BlobSource, TagTarget } from "../blob-source.ts";
import type { BlobSink } from "../blobs.ts";
import type { Digest } from "../digest.ts";
import type { RegistryAccess } from "./access.ts";
import type { ImageReference } from "./reference.ts";
import { RegistryClient } from "./registry-client.ts";

/**
 * One repository behind the mirrors that the operator set for its registry. Mirrors need not be trusted: whatever
 * comes from them is checked by digest, and a blob that was wrong is asked for elsewhere the next time.
 */
export class MirroredClient implements BlobSource {
  /** The registry itself stands last. */
  readonly #endpoints: readonly RegistryClient[];
  readonly #failed = new Set<RegistryClient>();
  readonly #servedBy = new Map<Digest, Set<RegistryClient>>();

  constructor(reference: ImageReference, access: RegistryAccess, signal?: AbortSignal) {
    const mirrors = access.transport.mirrorsOf(reference.registry);
    this.#endpoints = [...mirrors, undefined].map(
      mirror =>
        new RegistryClient(reference, {
          access,
          ...(mirror === undefined ? {} : { mirror }),
          ...(signal ? { signal } : {}),
        }),
    );
  }

  /** What is left of a limited number of pulls, as the registry itself last said. */
  get quota(): string | undefined {
    return this.#endpoints.at(-1)?.quota;
  }

  /** What a tag points to now, found out without a pull where the registry allows that. */
  resolveTag(tag: string): Promise<TagTarget> {
    return this.#first(endpoint => endpoint.resolveTag(tag), new Set());
  }

  /** The same in one request together with the document, for whoever does not have it. */
  pullTag(tag: string): Promise<TagTarget> {
    return this.#first(endpoint => endpoint.pullTag(tag), new Set());
  }

  manifest(digest: Digest): Promise<Buffer> {
    return this.#first(endpoint => endpoint.manifest(digest), new Set());
  }

  async blob(digest: Digest, sink: BlobSink, options: BlobOptions = {}): Promise<void> {
    const served = this.#servedBy.get(digest) ?? new Set();
    this.#servedBy.set(digest, served);
    await this.#first(async endpoint => {
      served.add(endpoint);
      await endpoint.blob(digest, sink, options);
    }, served);
  }

  /** Asks one after another; those that failed before, or served the wrong thing, come last. */
  async #first<T>(ask: (endpoint: RegistryClient) => Promise<T>, avoid: ReadonlySet<RegistryClient>): Promise<T> {
    const rank = (endpoint: RegistryClient) => Number(avoid.has(endpoint)) + Number(this.#failed.has(endpoint));
    const order = this.#endpoints.toSorted((a, b) => rank(a) - rank(b));
    const own = this.#endpoints.at(-1);
    let answer: unknown;
    for (const endpoint of order) {
      try {
        return await ask(endpoint);
      } catch (error) {
        const mayTryNext = error instanceof Problem && passable.has(error.code);
        if (!mayTryNext) throw error;
        if (error.code === "image/registry-unreachable") this.#failed.add(endpoint);
        // What the registry itself says counts; a mirror may simply not have it.
        if (endpoint === own || answer === undefined) answer = error;
      }
    }
    throw answer;
  }
}

const passable: ReadonlySet<string> = new Set([
  "image/registry-unreachable",
  "image/registry-failed",
  "image/denied-or-missing",
  "image/rate-limited",
  "image/damaged",
  "image/credentials-unusable",
]);
