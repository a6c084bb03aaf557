import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { Problem } from "../../api/problems.ts";
import { openLocalAuthority } from "../../host/certificates/local-authority.ts";
import type { Log } from "../../lib/log.ts";
import { authorityFiles, type Paths } from "../../store/paths.ts";
import type { TlsConfig } from "../config.ts";
import type { CertificateNames } from "./certificate-names.ts";

/** Key and certificate chain, PEM. */
export interface KeyAndCertificate {
  key: string;
  cert: string;
}

export interface ServerCertificateOptions {
  paths: Paths;
  tls: Pick<TlsConfig, "certificateFile" | "keyFile">;
  /** Asked anew each time: a host may get another name while the server runs. */
  names: () => CertificateNames;
  log: Log;
  now?: () => number;
}

const dayMs = 24 * 60 * 60_000;
const renewBeforeMs = 30 * dayMs;

/**
 * What the TLS listener shows: the operator's files, else a certificate of the installation's own authority, made at
 * each start and kept in memory.
 */
export class ServerCertificate {
  readonly #options: ServerCertificateOptions;
  #current: KeyAndCertificate | undefined;
  /** What the current one was made from; another value means a new one is due. */
  #origin = "";
  #expiresAt = Number.POSITIVE_INFINITY;

  constructor(options: ServerCertificateOptions) {
    this.#options = options;
  }

  /** For the start: rejects with `server/tls-certificate` when the operator's files cannot be used. */
  async load(): Promise<KeyAndCertificate> {
    await this.#refresh();
    if (this.#current === undefined) throw new Error("there is no certificate");
    return this.#current;
  }

  /**
   * The new certificate when the files, the names or the date ask for one. Files that cannot be used, as in the middle
   * of a renewal, leave the old certificate in place and a line in the log. Never rejects.
   */
  async renewed(): Promise<KeyAndCertificate | undefined> {
    const before = this.#current;
    try {
      await this.#refresh();
    } catch (error) {
      this.#options.log.warn({ err: error }, "the TLS certificate could not be renewed; the old one stays in use");
    }
    return this.#current === before ? undefined : this.#current;
  }

  async #refresh(): Promise<void> {
    const { certificateFile, keyFile } = this.#options.tls;
    if (certificateFile !== undefined && keyFile !== undefined) await this.#read(certificateFile, keyFile);
    else await this.#issue();
  }

  async #read(certificateFile: string, keyFile: string): Promise<void> {
    let pair: KeyAndCertificate;
    try {
      pair = { cert: await readFile(certificateFile, "utf8"), key: await readFile(keyFile, "utf8") };
      const origin = createHash("sha256").update(pair.cert).update(pair.key).digest("hex");
      if (origin === this.#origin) return;
      // Throws unless both are PEM and belong together.
      createSecureContext(pair);
      this.#origin = origin;
      this.#current = pair;
    } catch (cause) {
      throw new Problem("server/tls-certificate", {
        message: `${certificateFile} with ${keyFile} cannot be used: ${(cause as Error).message}`,
        cause,
      });
    }
  }

  async #issue(): Promise<void> {
    const { paths, names, now = Date.now } = this.#options;
    const wanted = names();
    const origin = JSON.stringify(wanted);
    if (origin === this.#origin && this.#expiresAt - now() > renewBeforeMs) return;
    const authority = await openLocalAuthority(authorityFiles(paths));
    const issued = await authority.issue(wanted);
    this.#current = { key: issued.privateKeyPem, cert: issued.certificatePem };
    this.#origin = origin;
    this.#expiresAt = issued.expiresAt;
  }
}
