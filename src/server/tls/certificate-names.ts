import { isIP } from "node:net";
import type { ServerConfig } from "../config.ts";

export interface CertificateNames {
  dnsNames: string[];
  ipAddresses: string[];
}

/** Every name this server may be reached by: loopback, the host's own, the public ones, exposed ports. */
export function certificateNames(
  config: Pick<ServerConfig, "listen" | "publicUrl" | "portsDomain">,
  hostName: string,
): CertificateNames {
  const { host, tls } = config.listen;
  const names = new Set(["localhost", "*.localhost", hostName.toLowerCase(), "127.0.0.1", "::1", host]);
  if (config.publicUrl !== undefined) names.add(new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, ""));
  names.add(config.portsDomain).add(`*.${config.portsDomain}`);
  for (const name of tls === false || tls === undefined ? [] : [...tls.names, ...(tls.host ? [tls.host] : [])]) {
    names.add(name);
  }
  const unspecific = ["0.0.0.0", "::", ""];
  const all = [...names].filter(name => !unspecific.includes(name));
  return { dnsNames: all.filter(name => isIP(name) === 0), ipAddresses: all.filter(name => isIP(name) !== 0) };
}
