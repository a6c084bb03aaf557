import { lookup, type LookupAddress, type LookupOptions } from "node:dns";
import { readFileSync } from "node:fs";
import { Agent as PlainAgent } from "node:http";
import { Agent as TlsAgent, type RequestOptions } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { rootCertificates } from "node:tls";
import { Problem } from "../../api/problems.ts";
import { type AddressKind, addressKind, mayRefer } from "./address-policy.ts";
import { defaultPatience, type Patience } from "./stall.ts";

/** How one registry is to be spoken to. */
export interface RegistryConnection {
  /** Tried in this order before the registry itself, as host[:port][/prefix]. */
  mirrors?: readonly string[];
  /** Without TLS. Hosts on loopback need no permission. */
  plainHttp?: boolean;
  /** PEM file of a private certificate authority, beside the usual ones. */
  ca?: string | undefined;
  clientCertificate?: string | undefined;
  clientKey?: string | undefined;
}

export interface TransportSettings {
  /** By host or host:port. */
  registries?: Readonly<Record<string, RegistryConnection>>;
  /** Hosts to which registries may refer although they lie in private ranges. */
  allowPrivateHosts?: readonly string[];
  /** Where HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read. */
  env?: NodeJS.ProcessEnv;
  /** Instead of what suits any line. */
  patience?: Partial<Patience>;
}

/** Object stores and registries throttle by connection; more than these would wait anyway. */
const maxSockets = 8;

/** Decides how and to whom a connection may be opened. One for all that a command or a preparation does. */
export class Transport {
  readonly patience: Patience;
  readonly #settings: TransportSettings;
  readonly #plainAgent: PlainAgent;
  readonly #tlsAgents = new Map<string, TlsAgent>();
  readonly #usesProxy: boolean;

  constructor(settings: TransportSettings = {}) {
    this.#settings = settings;
    this.patience = { ...defaultPatience, ...settings.patience };
    const env = settings.env ?? {};
    this.#plainAgent = new PlainAgent({ keepAlive: true, maxSockets, proxyEnv: env });
    this.#usesProxy = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"].some(name => Boolean(env[name]));
  }

  mirrorsOf(registry: string): readonly string[] {
    return this.#connection(registry)?.mirrors ?? [];
  }

  /** Only this very host and what the operator named may be spoken to without TLS. */
  mayBePlain(url: URL): boolean {
    return isLoopbackHost(url.hostname) || this.#connection(url.host)?.plainHttp === true;
  }

  /** What to pass to node:http(s). `referrer` is the registry that named this URL, unless it is the registry itself. */
  async optionsFor(url: URL, referrer: URL | undefined): Promise<RequestOptions> {
    const agent = url.protocol === "http:" ? this.#plainAgent : this.#tlsAgent(url);
    if ((this.#settings.allowPrivateHosts ?? []).some(host => host === url.host || host === url.hostname)) {
      return { agent };
    }
    // A registry itself may be anywhere but at addresses that are no registry's, such as those of metadata services.
    const isOwn = referrer === undefined || referrer.host === url.host;
    const from = isOwn ? "loopback" : await this.#kindOf(referrer);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host) !== 0) requireAllowed(from, [host], url, isOwn ? undefined : referrer);
    // A proxy resolves names itself, so there is nothing to look at here.
    if (this.#usesProxy) return { agent };
    return { agent, lookup: guardedLookup(from, url, isOwn ? undefined : referrer) };
  }

  async #kindOf(url: URL): Promise<AddressKind> {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host) !== 0) return addressKind(host);
    const addresses = await new Promise<LookupAddress[]>(resolve => {
      // A name that cannot be resolved here (a proxy can) counts as public: it may refer to nothing private.
      lookup(host, { all: true }, (error, found) => resolve(error === null ? found : []));
    });
    const kinds = addresses.map(({ address }) => addressKind(address));
    return kinds.find(kind => kind !== "public" && kind !== "forbidden") ?? "public";
  }

  #connection(registry: string): RegistryConnection | undefined {
    const known = this.#settings.registries ?? {};
    return Object.hasOwn(known, registry) ? known[registry] : undefined;
  }

  #tlsAgent(url: URL): TlsAgent {
    const found = this.#tlsAgents.get(url.host);
    if (found !== undefined) return found;
    const { ca, clientCertificate, clientKey } = this.#connection(url.host) ?? {};
    const agent = new TlsAgent({
      keepAlive: true,
      maxSockets,
      proxyEnv: this.#settings.env ?? {},
      ...(ca === undefined ? {} : { ca: [...rootCertificates, readPem(ca, url)] }),
      ...(clientCertificate === undefined ? {} : { cert: readPem(clientCertificate, url) }),
      ...(clientKey === undefined ? {} : { key: readPem(clientKey, url) }),
    });
    this.#tlsAgents.set(url.host, agent);
    return agent;
  }
}

/** Only a registry on this very host may be spoken to without TLS unasked. */
function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Looks at the very addresses that the connection will use: a name may mean something else a moment later. */
function guardedLookup(from: AddressKind, url: URL, referrer: URL | undefined): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, "");
      try {
        const addresses = found.map(({ address }) => address);
        requireAllowed(from, addresses, url, referrer);
      } catch (refusal) {
        return callback(refusal as Error, "");
      }
      const [first] = found;
      if (options.all === true) callback(null, found);
      else callback(null, first?.address ?? "", first?.family);
    });
  };
}

function requireAllowed(from: AddressKind, addresses: readonly string[], url: URL, referrer: URL | undefined): void {
  const wrong = addresses.find(address => !mayRefer(from, addressKind(address)));
  if (wrong === undefined) return;
  throw new Problem("image/registry-failed", {
    message:
      referrer === undefined
        ? `${url.host} (${wrong}) is not an address that a registry may have`
        : `${referrer.host} sends its clients to ${url.host} (${wrong}), an address that is not public, which is not allowed`,
    hint: `If that is meant, add "${url.hostname}" to images.allowPrivateHosts in config.yaml.`,
  });
}

function readPem(path: string, url: URL): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Problem("server/config-invalid", {
      message: `${path}, which config.yaml names for ${url.host}, cannot be read: ${(cause as Error).message}`,
      cause,
    });
  }
}
