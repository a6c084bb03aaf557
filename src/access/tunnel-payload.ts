import { isIPv6 } from "node:net";
import { Problem } from "../api/problems.ts";

/** What a tunnel's WebSocket asks for in the last segment of its URL. */
export type TunnelRequest =
  /** A connection to this address, as seen from the machine; "" is the machine itself. */
  | { kind: "dial"; host: string; port: number }
  /** Listen inside the machine; the socket becomes the control channel of a reverse forward. */
  | { kind: "listen"; host: string; port: number }
  /** Take over a connection that a reverse forward announced. */
  | { kind: "connect"; connectionId: string };

/** A host name has at most 253 characters; nothing longer is worth decoding. */
const encodedMaxLength = 512;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const hostName = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})$/;

/**
 * Reads a payload in the standard alphabet with padding, percent-encoded or not. What has no known kind in front is an
 * address to dial. Throws `access/tunnel-payload`.
 */
export function parseTunnelPayload(encoded: string): TunnelRequest {
  const payload = decode(encoded);
  const [, kind = "dial", rest = ""] = /^(?:(dial|listen|connect):)?([^]*)$/.exec(payload) ?? [];
  if (kind === "connect") {
    if (!/^[0-9a-f]{32}$/.test(rest)) throw refused("its connection id is not one of ours");
    return { kind, connectionId: rest };
  }
  const { host, port } = address(rest);
  if (kind === "listen") return { kind, host: host === "" ? "0.0.0.0" : host, port };
  return { kind: "dial", host, port };
}

function decode(encoded: string): string {
  let plain = encoded;
  try {
    plain = decodeURIComponent(encoded);
  } catch {
    // No percent-encoding; the next line judges it.
  }
  if (plain.length > encodedMaxLength || !base64.test(plain)) throw refused("it is not valid base64");
  return Buffer.from(plain, "base64").toString("latin1").trim();
}

function address(text: string): { host: string; port: number } {
  const [, host, digits] = /^(.*):([0-9]{1,5})$/.exec(text) ?? [];
  if (host === undefined || digits === undefined) throw refused(`"${shown(text)}" is not host:port`);
  const port = Number(digits);
  if (port < 1 || port > 65535) throw refused(`port ${port} is not between 1 and 65535`);
  const [, bracketed] = /^\[(.*)\]$/.exec(host) ?? [];
  if (bracketed !== undefined ? isIPv6(bracketed) : host === "" || hostName.test(host)) {
    return { host: (bracketed ?? host).toLowerCase(), port };
  }
  throw refused(`"${shown(host)}" is not a host`);
}

const shown = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 100);

function refused(why: string): Problem {
  return new Problem("access/tunnel-payload", { message: `the tunnel cannot be opened: ${why}` });
}
