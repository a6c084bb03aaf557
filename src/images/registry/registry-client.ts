import { Problem } from "../../api/problems.ts";
import type { BlobOptions, BlobSource, TagTarget } from "../blob-source.ts";
import type { BlobSink } from "../blobs.ts";
import { type Digest, digestOf, isDigest } from "../digest.ts";
import type { RegistryAccess } from "./access.ts";
import { parseChallenges } from "./challenge.ts";
import { discardBody, type HttpResponse, readBody, send } from "./http.ts";
import { formatReference, type ImageReference } from "./reference.ts";
import { type Asked, denied, refusalOf } from "./refusals.ts";
import { TransportError } from "./stall.ts";
import { answerChallenge, type Authorization, type Credentials } from "./token.ts";

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
const maxManifestBytes = 4 * 1024 * 1024;
/** How often one blob may break off and be continued. */
const maxContinuations = 4;

/**
 * Pulls from one repository. Its answers are checked against digests here or by the blob store; nothing else of what
 * a registry says is believed. Failures are Problems that name the image.
 */
export class RegistryClient implements BlobSource {
  readonly #reference: ImageReference;
  readonly #access: RegistryAccess;
  readonly #mirror: string | undefined;
  readonly #base: URL;
  readonly #signal: AbortSignal | undefined;
  #credentials: Promise<Credentials | undefined> | undefined;
  #authorization: Promise<Authorization | undefined> | undefined;
  #quota: string | undefined;

  /** `mirror` is asked instead of the reference's own registry, with its own credentials and never with the other's. */
  constructor(
    reference: ImageReference,
    { access, mirror, signal }: { access: RegistryAccess; mirror?: string; signal?: AbortSignal },
  ) {
    this.#reference = reference;
    this.#access = access;
    this.#mirror = mirror;
    this.#signal = signal;
    const [host = "", ...prefix] = (mirror ?? endpointOf(reference.registry)).split("/");
    const scheme = access.transport.mayBePlain(new URL(`http://${host}`)) ? "http" : "https";
    this.#base = new URL(`${scheme}://${host}/v2/${[...prefix, reference.repository].join("/")}/`);
  }

  /** What is left of a limited number of pulls, as the registry last said. */
  get quota(): string | undefined {
    return this.#quota;
  }

  /** What a tag points to now. Asks by HEAD first, which registries do not count as a pull. */
  async resolveTag(tag: string): Promise<TagTarget> {
    const head = await this.#send("HEAD", `manifests/${tag}`, { accept: manifestTypes });
    await discardBody(head);
    this.#noteQuota(head);
    const promised = head.headers["docker-content-digest"];
    if (head.status === 200 && isDigest(promised)) return { digest: promised };
    return this.pullTag(tag);
  }

  /** The same together with its bytes, in one request that registries count as a pull. */
  async pullTag(tag: string): Promise<Required<TagTarget>> {
    const { bytes, promised } = await this.#manifest(tag);
    const digest = digestOf(bytes);
    if (isDigest(promised) && promised !== digest) throw this.#damaged(digest, `${promised} was promised`);
    return { digest, bytes };
  }

  /** The bytes of a manifest or index with exactly this digest. */
  async manifest(digest: Digest): Promise<Buffer> {
    const { bytes } = await this.#manifest(digest);
    const found = digestOf(bytes);
    if (found === digest) return bytes;
    throw this.#damaged(found, `${digest} was asked for`);
  }

  /**
   * Streams a blob into `sink`, which checks it, behind what the sink has already. A connection that breaks is
   * continued where it broke when the registry can do that, else begun again.
   */
  async blob(digest: Digest, sink: BlobSink, options: BlobOptions = {}): Promise<void> {
    const signal = options.signal ?? this.#signal;
    for (let continuation = 0; ; continuation++) {
      const from = sink.sizeBytes;
      const range: Record<string, string> = from === 0 ? {} : { range: `bytes=${from}-` };
      const response = await this.#send("GET", `blobs/${digest}`, range, signal);
      const continues =
        response.status === 206 && (response.headers["content-range"] ?? "").startsWith(`bytes ${from}-`);
      if (!continues) {
        if (from > 0) await sink.restart();
        // Not the range that was asked for, or none that exists: the next request asks for all of it.
        if (from > 0 && (response.status === 206 || response.status === 416) && continuation < maxContinuations) {
          await discardBody(response);
          continue;
        }
        if (response.status !== 200) throw await refusalOf(response, `the blob ${digest}`, this.#asked);
      }
      try {
        for await (const chunk of response.body as AsyncIterable<Buffer>) {
          await this.#writeTo(sink, chunk);
          options.onBytes?.(sink.sizeBytes);
        }
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof SinkFailure) throw error.cause;
        if (continuation === maxContinuations) throw this.#unreachable(this.#brokenOff(error as Error));
      } finally {
        response.body.destroy();
      }
    }
  }

  get #name(): string {
    return formatReference(this.#reference);
  }

  /** Who is asked, for messages. */
  get #host(): string {
    return this.#mirror === undefined ? this.#reference.registry : `the mirror ${this.#mirror}`;
  }

  get #asked(): Asked {
    const isByDigest = this.#reference.digest !== undefined;
    return { host: this.#host, image: this.#name, isByDigest, credentials: this.#credentials };
  }

  /** Tells a failure of the disk from one of the connection. */
  async #writeTo(sink: BlobSink, chunk: Buffer): Promise<void> {
    try {
      await sink.write(chunk);
    } catch (cause) {
      throw new SinkFailure("the sink failed", { cause });
    }
  }

  /** `promised`: the digest that the registry says it has, which nobody has compared yet. */
  async #manifest(tagOrDigest: string): Promise<{ bytes: Buffer; promised: unknown }> {
    const response = await this.#send("GET", `manifests/${tagOrDigest}`, { accept: manifestTypes });
    if (response.status !== 200) {
      const isNamed = tagOrDigest === (this.#reference.digest ?? this.#reference.tag);
      throw await refusalOf(response, isNamed ? "its manifest" : `its manifest ${tagOrDigest}`, this.#asked, isNamed);
    }
    this.#noteQuota(response);
    try {
      const bytes = await readBody(response, maxManifestBytes, `the manifest of ${this.#name}`);
      return { bytes, promised: response.headers["docker-content-digest"] };
    } catch (error) {
      throw error instanceof TransportError ? this.#unreachable(error) : error;
    }
  }

  /** Sends with whatever authorization is known; a 401 is answered once by asking for a new one. */
  async #send(
    method: "GET" | "HEAD",
    path: string,
    headers: Record<string, string>,
    signal = this.#signal,
  ): Promise<HttpResponse> {
    const sendWith = (authorization: Authorization | undefined) =>
      send({
        method,
        url: this.#url(path),
        transport: this.#access.transport,
        headers: authorization === undefined ? headers : { ...headers, authorization: authorization.header },
        ...(signal ? { signal } : {}),
      });
    try {
      const known = await this.#authorization;
      const isFresh = known !== undefined && known.expiresAtMs > Date.now();
      const response = await sendWith(isFresh ? known : undefined);
      if (response.status !== 401) return response;
      await discardBody(response);
      // Layers are pulled side by side: whoever comes first asks, the others share the answer.
      const before = this.#authorization;
      if (before === undefined || (await before) === known) {
        this.#authorization = this.#authorize(response.headers["www-authenticate"]);
        // A refusal must not be remembered as if it were an answer.
        this.#authorization.catch(() => (this.#authorization = undefined));
      }
      const fresh = await this.#authorization;
      if (fresh === undefined) throw await denied(401, this.#asked);
      return await sendWith(fresh);
    } catch (error) {
      if (error instanceof TransportError) throw this.#unreachable(error);
      throw error;
    }
  }

  #url(path: string): URL {
    const url = new URL(path, this.#base);
    // Proxies of several registries learn from it which one is meant.
    if (this.#mirror !== undefined) url.searchParams.set("ns", this.#reference.registry);
    return url;
  }

  async #authorize(header: string | undefined): Promise<Authorization | undefined> {
    const { registry, repository } = this.#reference;
    const host = this.#mirror?.split("/")[0] ?? registry;
    // Only when somebody asks for them: a helper may be slow, or missing on a host that pulls public images only.
    this.#credentials ??= this.#access.credentialsFor(host, repository);
    return answerChallenge(parseChallenges(header ?? ""), {
      repository: this.#base.pathname.slice("/v2/".length, -1),
      registryUrl: this.#base,
      credentials: await this.#credentials,
      transport: this.#access.transport,
      signal: this.#signal,
    });
  }

  #noteQuota({ headers }: HttpResponse): void {
    const [limit, remaining] = [headers["ratelimit-limit"], headers["ratelimit-remaining"]].map(String);
    const parts = /^(\d+);w=(\d+)$/.exec(limit ?? "");
    const left = /^(\d+)/.exec(remaining ?? "");
    if (parts === null || left === null) return;
    const hours = Math.round((Number(parts[2]) / 3600) * 10) / 10;
    this.#quota = `${this.#reference.registry} allows ${left[1]} more of ${parts[1]} pulls in ${hours} h`;
  }

  #damaged(found: Digest, wanted: string): Problem {
    return new Problem("image/damaged", {
      message: `${this.#name} answered with a manifest of digest ${found} where ${wanted}`,
    });
  }

  /** Of a connection that ended early, Node says no more than "aborted". */
  #brokenOff(error: Error): Error {
    if (error instanceof TransportError) return error;
    return new TransportError(`the connection to ${this.#host} broke off: ${error.message}`, { cause: error });
  }

  #unreachable(error: Error): Problem {
    return new Problem("image/registry-unreachable", {
      message: `${this.#name} cannot be pulled: ${error.message}`,
      cause: error,
    });
  }
}

class SinkFailure extends Error {}

/** Docker Hub answers under another name than the one its images carry. */
function endpointOf(registry: string): string {
  return registry === "docker.io" ? "registry-1.docker.io" : registry;
}
