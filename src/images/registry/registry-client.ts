import { Problem } from "../../api/problems.ts";
import type { BlobSink } from "../blobs.ts";
import { type Digest, digestOf, isDigest } from "../digest.ts";
import { parseChallenges } from "./challenge.ts";
import { type HttpResponse, isLoopbackHost, readBody, send, TransportError } from "./http.ts";
import { formatReference, type ImageReference } from "./reference.ts";
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
export class RegistryClient {
  readonly #reference: ImageReference;
  readonly #base: URL;
  readonly #credentials: Credentials | undefined;
  readonly #signal: AbortSignal | undefined;
  #authorization: Promise<Authorization | undefined> | undefined;

  constructor(reference: ImageReference, options: { credentials?: Credentials; signal?: AbortSignal } = {}) {
    this.#reference = reference;
    const host = new URL(`http://${reference.registry}`).hostname;
    this.#base = new URL(
      `${isLoopbackHost(host) ? "http" : "https"}://${reference.registry}/v2/${reference.repository}/`,
    );
    this.#credentials = options.credentials;
    this.#signal = options.signal;
  }

  /** What a tag points to now. Asks by HEAD first, which registries do not count as a pull. */
  async resolveTag(tag: string): Promise<Digest> {
    const head = await this.#send("HEAD", `manifests/${tag}`, { accept: manifestTypes });
    head.body.destroy();
    const promised = head.headers["docker-content-digest"];
    if (head.status === 200 && isDigest(promised)) return promised;
    return digestOf(await this.#manifest(tag));
  }

  /** The bytes of a manifest or index with exactly this digest. */
  async manifest(digest: Digest): Promise<Buffer> {
    const bytes = await this.#manifest(digest);
    const found = digestOf(bytes);
    if (found === digest) return bytes;
    throw new Problem("image/damaged", {
      message: `${this.#name} answered with a manifest of digest ${found} where ${digest} was asked for`,
    });
  }

  /**
   * Streams a blob into `sink`, which checks it. A connection that breaks is continued where it broke when the
   * registry can do that, else begun again.
   */
  async blob(
    digest: Digest,
    sink: BlobSink,
    options: { onBytes?: (received: number) => void; signal?: AbortSignal } = {},
  ): Promise<void> {
    const signal = options.signal ?? this.#signal;
    let received = 0;
    for (let continuation = 0; ; continuation++) {
      const range: Record<string, string> = received === 0 ? {} : { range: `bytes=${received}-` };
      const response = await this.#send("GET", `blobs/${digest}`, range, signal);
      const continues =
        response.status === 206 && (response.headers["content-range"] ?? "").startsWith(`bytes ${received}-`);
      if (!continues) {
        if (response.status !== 200) throw await this.#failure(response, `the blob ${digest}`);
        if (received > 0) await sink.restart();
        received = 0;
      }
      try {
        for await (const chunk of response.body as AsyncIterable<Buffer>) {
          received += chunk.length;
          options.onBytes?.(received);
          await this.#writeTo(sink, chunk);
        }
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof SinkFailure) throw error.cause;
        if (continuation === maxContinuations) throw this.#unreachable(error as Error);
      } finally {
        response.body.destroy();
      }
    }
  }

  get #name(): string {
    return formatReference(this.#reference);
  }

  /** Tells a failure of the disk from one of the connection. */
  async #writeTo(sink: BlobSink, chunk: Buffer): Promise<void> {
    try {
      await sink.write(chunk);
    } catch (cause) {
      throw new SinkFailure("the sink failed", { cause });
    }
  }

  async #manifest(tagOrDigest: string): Promise<Buffer> {
    const response = await this.#send("GET", `manifests/${tagOrDigest}`, { accept: manifestTypes });
    if (response.status !== 200) throw await this.#failure(response, "its manifest");
    try {
      return await readBody(response, maxManifestBytes, `the manifest of ${this.#name}`);
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
        url: new URL(path, this.#base),
        headers: authorization === undefined ? headers : { ...headers, authorization: authorization.header },
        ...(signal ? { signal } : {}),
      });
    try {
      const known = await this.#authorization;
      const isFresh = known !== undefined && known.expiresAtMs > Date.now();
      const response = await sendWith(isFresh ? known : undefined);
      if (response.status !== 401) return response;
      response.body.destroy();
      // Layers are pulled side by side: whoever comes first asks, the others share the answer.
      const before = this.#authorization;
      if (before === undefined || (await before) === known) {
        this.#authorization = this.#authorize(response.headers["www-authenticate"]);
        // A refusal must not be remembered as if it were an answer.
        this.#authorization.catch(() => (this.#authorization = undefined));
      }
      const fresh = await this.#authorization;
      if (fresh === undefined) throw this.#denied(401);
      return await sendWith(fresh);
    } catch (error) {
      if (error instanceof TransportError) throw this.#unreachable(error);
      throw error;
    }
  }

  #authorize(header: string | undefined): Promise<Authorization | undefined> {
    const { repository } = this.#reference;
    return answerChallenge(parseChallenges(header ?? ""), repository, this.#base, this.#credentials, this.#signal);
  }

  async #failure(response: HttpResponse, what: string): Promise<Problem> {
    response.body.destroy();
    if ([401, 403, 404].includes(response.status)) return this.#denied(response.status);
    if (response.status === 429) {
      const after = response.headers["retry-after"];
      return new Problem("image/rate-limited", {
        message: `${this.#reference.registry} limits pulls of ${this.#name}${after === undefined ? "" : `; it asks to wait ${after} s`}`,
      });
    }
    return new Problem(response.status >= 500 ? "image/registry-unreachable" : "image/registry-failed", {
      message: `${this.#reference.registry} answered ${response.status} when asked for ${what} of ${this.#name}`,
    });
  }

  #denied(status: number): Problem {
    const who = this.#credentials === undefined ? "without credentials" : `as "${this.#credentials.username}"`;
    return new Problem("image/denied-or-missing", {
      message: `${this.#reference.registry} does not give out ${this.#name} ${who} (status ${status})`,
    });
  }

  #unreachable(error: Error): Problem {
    return new Problem("image/registry-unreachable", {
      message: `${this.#name} cannot be pulled: ${error.message}`,
      cause: error,
    });
  }
}

class SinkFailure extends Error {}
