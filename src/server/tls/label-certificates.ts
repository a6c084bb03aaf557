import { createSecureContext, type SecureContext } from "node:tls";
import { openLocalAuthority } from "../../host/certificates/local-authority.ts";
import { authorityFiles, type Paths } from "../../store/paths.ts";

const maxKept = 200;
/** Far below the life of a certificate. */
const keepMs = 7 * 24 * 60 * 60_000;

/**
 * Certificates for single names below a ports domain of one label. Clients do not believe wildcards such as
 * "*.localhost", so each exposed port gets a certificate with its own name when it is first asked for.
 */
export class LabelCertificates {
  readonly #paths: Paths;
  readonly #names: RegExp | undefined;
  readonly #kept = new Map<string, { context: Promise<SecureContext>; madeAt: number }>();

  constructor(paths: Paths, portsDomain: string) {
    this.#paths = paths;
    this.#names = portsDomain.includes(".") ? undefined : new RegExp(`^[a-z0-9-]{1,63}\\.${portsDomain}$`);
  }

  /** undefined: the server's own certificate is the right one. */
  async contextFor(name: string): Promise<SecureContext | undefined> {
    if (this.#names?.test(name) !== true) return undefined;
    const kept = this.#kept.get(name);
    if (kept !== undefined && Date.now() - kept.madeAt < keepMs) return kept.context;
    this.#kept.delete(name);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < maxKept) break;
      this.#kept.delete(oldest);
    }
    const context = this.#issue(name);
    this.#kept.set(name, { context, madeAt: Date.now() });
    context.catch(() => this.#kept.delete(name));
    return context;
  }

  async #issue(name: string): Promise<SecureContext> {
    const authority = await openLocalAuthority(authorityFiles(this.#paths));
    const { certificatePem, privateKeyPem } = await authority.issue({ dnsNames: [name] });
    return createSecureContext({ cert: certificatePem, key: privateKeyPem, minVersion: "TLSv1.2" });
  }
}
