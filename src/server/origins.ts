import type { IncomingMessage } from "node:http";
import type { ServerConfig } from "./config.ts";

const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Which addresses are ours. A name that is not ours is refused, so that a page of another site whose name suddenly
 * points to 127.0.0.1 gets nothing (DNS rebinding).
 */
export class Origins {
  readonly #config: Pick<ServerConfig, "listen" | "publicUrl" | "portsDomain">;
  #port: number;

  constructor(config: Pick<ServerConfig, "listen" | "publicUrl" | "portsDomain">) {
    this.#config = config;
    this.#port = config.listen.port;
  }

  /** The port the kernel chose, once it is known. */
  setPort(port: number): void {
    this.#port = port;
  }

  /** The address people type, e.g. http://127.0.0.1:8765 */
  get appUrl(): string {
    return this.#config.publicUrl ?? `http://${urlHost(this.#config.listen.host)}:${this.#port}`;
  }

  /** The same, as this client addressed us: cookies belong to the name that was typed. */
  appUrlFor(request: IncomingMessage): string {
    if (this.#config.publicUrl !== undefined) return this.#config.publicUrl;
    const { host } = request.headers;
    return host !== undefined && this.isAppHost(host) ? `http://${host}` : this.appUrl;
  }

  isAppHost(host: string): boolean {
    const name = hostName(host);
    return (
      loopbackNames.includes(name) ||
      name === urlHost(this.#config.listen.host) ||
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

function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, "");
}

function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
