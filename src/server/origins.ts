import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { ServerConfig } from "./config.ts";

const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Which addresses are ours. A name that is not ours is refused, so that a page of another site whose name suddenly
 * points to 127.0.0.1 gets nothing (DNS rebinding).
 */
export class Origins {
  readonly #config: Pick<ServerConfig, "listen" | "publicUrl" | "portsDomain">;
  readonly #ownNames: readonly string[];
  #port: number;
  #tlsPort: number | undefined;

  /** `ownNames`: what this host is called, apart from the configuration. */
  constructor(config: Pick<ServerConfig, "listen" | "publicUrl" | "portsDomain">, ownNames: readonly string[] = []) {
    this.#config = config;
    this.#port = config.listen.port;
    const { tls } = config.listen;
    this.#ownNames = tls === false ? [] : [...ownNames, ...(tls?.names ?? [])].map(urlHost);
  }

  /** The port the kernel chose, once it is known. */
  setPort(port: number): void {
    this.#port = port;
  }

  /** Where TLS is spoken, once it is. */
  setTlsPort(port: number): void {
    this.#tlsPort = port;
  }

  /** The address of the TLS listener on this machine; undefined without one. */
  get tlsUrl(): string | undefined {
    return this.#tlsPort === undefined ? undefined : this.#tlsUrl(urlHost(this.#config.listen.host));
  }

  /** The address people type, e.g. http://127.0.0.1:8765 */
  get appUrl(): string {
    return this.#config.publicUrl ?? `http://${urlHost(this.#config.listen.host)}:${this.#port}`;
  }

  /** The same, as this client addressed us: cookies belong to the name that was typed. */
  appUrlFor(request: IncomingMessage): string {
    if (this.#config.publicUrl !== undefined) return this.#config.publicUrl;
    const { host } = request.headers;
    if (host !== undefined && this.isAppHost(host)) return `${schemeOf(request)}://${host}`;
    return schemeOf(request) === "https" ? this.#tlsUrl(urlHost(this.#config.listen.host)) : this.appUrl;
  }

  /** Where tunnels of this client lead: it always speaks TLS there, whatever it spoke here. */
  tunnelOriginFor(request: IncomingMessage): string {
    const appUrl = this.appUrlFor(request);
    if (this.#config.publicUrl !== undefined || appUrl.startsWith("https:") || this.#tlsPort === undefined)
      return appUrl;
    return this.#tlsUrl(new URL(appUrl).hostname);
  }

  #tlsUrl(host: string): string {
    return `https://${host}:${this.#tlsPort ?? 443}`;
  }

  /** Who asks: only a reverse proxy on this host is believed when it names another, and only about its own visitor. */
  visitorOf(request: IncomingMessage): string {
    const { remoteAddress = "" } = request.socket;
    const isLoopback = /^(::ffff:)?127\.|^::1$/.test(remoteAddress);
    if (this.#config.publicUrl === undefined || !isLoopback) return remoteAddress;
    return request.headersDistinct["x-forwarded-for"]?.at(-1)?.split(",").at(-1)?.trim() || remoteAddress;
  }

  isAppHost(host: string): boolean {
    const name = hostName(host);
    return (
      loopbackNames.includes(name) ||
      name === urlHost(this.#config.listen.host) ||
      this.#ownNames.includes(name) ||
      (this.#config.publicUrl !== undefined && host.toLowerCase() === new URL(this.#config.publicUrl).host)
    );
  }

  /** True for `https://app` when the request came to `app`: the only pages that may act for a logged-in person. */
  isAppOrigin(origin: string, request: IncomingMessage): boolean {
    return URL.canParse(origin) && new URL(origin).origin === new URL(this.appUrlFor(request)).origin;
  }

  /** First label of the host name of an exposed port; undefined when the name is not below the ports domain. */
  portLabelOf(host: string | undefined): string | undefined {
    const name = hostName(host ?? "");
    const suffix = `.${this.#config.portsDomain}`;
    if (!name.endsWith(suffix)) return undefined;
    const label = name.slice(0, -suffix.length);
    return /^[a-z0-9-]+$/.test(label) ? label : undefined;
  }

  portHostName(label: string): string {
    return `${label}.${this.#config.portsDomain}`;
  }

  /** Origin of an exposed port, reached the same way as the app itself. */
  portUrl(label: string, appUrl = this.appUrl): string {
    const { protocol, port } = new URL(appUrl);
    return `${protocol}//${this.portHostName(label)}${port === "" ? "" : `:${port}`}`;
  }

  /** For the page's policy: where frames of exposed ports come from. */
  get portFrameSources(): string[] {
    return [`http://*.${this.#config.portsDomain}:*`, `https://*.${this.#config.portsDomain}:*`];
  }
}

function schemeOf(request: IncomingMessage): "http" | "https" {
  return (request.socket as Partial<TLSSocket>).encrypted === true ? "https" : "http";
}

function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, "");
}

function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
