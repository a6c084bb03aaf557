import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import type { SecureContext } from "node:tls";
import type { Log } from "../../lib/log.ts";
import type { Paths } from "../../store/paths.ts";
import { httpTimeouts, type LabyardServer } from "../build-server.ts";
import type { ServerConfig, TlsConfig } from "../config.ts";
import { listenFailure } from "../listen-failure.ts";
import { certificateNames } from "./certificate-names.ts";
import { LabelCertificates } from "./label-certificates.ts";
import { ServerCertificate } from "./server-certificate.ts";

export interface TlsListenerOptions {
  paths: Paths;
  config: ServerConfig;
  log: Log;
  server: Pick<LabyardServer, "alsoServe" | "origins">;
  /** Default: a minute. */
  checkMs?: number;
}

/** A TLS port that is open. Disposing it ends the renewal; the port closes with the server it serves. */
export interface TlsListener extends Disposable {
  port: number;
}

const handshakeTimeoutMs = 20_000;
/** How often the operator's files are looked at: certificates are renewed weeks before they must be. */
const defaultCheckMs = 60_000;

/**
 * Lets the server answer over TLS beside plain HTTP, in HTTP/1.1 only: clients that send a body again after a refusal
 * lose it over HTTP/2. Undefined when the configuration says no. A port that nobody asked for is given up for another
 * one when it is taken; otherwise rejects with `server/listen-failed`, or with `server/tls-certificate`.
 */
export async function listenTls(options: TlsListenerOptions): Promise<TlsListener | undefined> {
  const { paths, config, log, server, checkMs = defaultCheckMs } = options;
  const asked = config.listen.tls;
  if (asked === false) return undefined;
  const tls: TlsConfig = asked ?? { port: 8443, names: [] };
  const names = () => certificateNames(config, hostname());
  const certificate = new ServerCertificate({ paths, tls, names, log });
  const labels = tls.certificateFile === undefined ? new LabelCertificates(paths, config.portsDomain) : undefined;
  const https = createServer({
    ...httpTimeouts,
    ...(await certificate.load()),
    ALPNProtocols: ["http/1.1"],
    minVersion: "TLSv1.2",
    handshakeTimeout: handshakeTimeoutMs,
    SNICallback: (name, done) => void choose(labels, name, done),
  });
  server.alsoServe(https);
  const host = tls.host ?? config.listen.host;
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      https.once("error", reject);
      https.listen({ host, port }, () => {
        https.off("error", reject);
        resolve();
      });
    });
  try {
    await listen(tls.port);
  } catch (error) {
    if (asked !== undefined || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") {
      throw listenFailure(host, tls.port, error);
    }
    await listen(0);
    log.warn({ port: tls.port }, "another program uses the port for TLS; another port was taken");
  }
  https.on("error", error => log.error({ err: error }, "the TLS listener failed"));
  const timer = setInterval(() => {
    void certificate.renewed().then(renewed => {
      if (renewed === undefined) return;
      https.setSecureContext({ ...renewed, minVersion: "TLSv1.2" });
      log.info("a new TLS certificate is in use");
    });
  }, checkMs).unref();
  const { port } = https.address() as AddressInfo;
  server.origins.setTlsPort(port);
  return { port, [Symbol.dispose]: () => clearInterval(timer) };
}

async function choose(
  labels: LabelCertificates | undefined,
  name: string,
  done: (error: Error | null, context?: SecureContext) => void,
): Promise<void> {
  try {
    done(null, await labels?.contextFor(name));
  } catch (error) {
    done(error as Error);
  }
}
