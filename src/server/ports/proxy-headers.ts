import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { isPlatformCookie, withoutCookies } from "../auth/cookies.ts";

/** They describe one connection, not the request (RFC 9110, 7.6.1), and are ours to set on the next one. */
const hopByHop = [
  "connection",
  // Answered by this server already.
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** What a visitor may not choose: the app shall be able to believe these. */
const forwarding = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-real-ip",
];

export interface ForwardedRequest {
  /** Sent to the app instead of the visitor's Host. */
  hostRewrite: string | undefined;
  /** The visitor's address. */
  visitor: string;
  /** Scheme in the visitor's address bar. */
  scheme: "http" | "https";
  /** The Authorization header is a credential of ours, which the app must not see. */
  dropAuthorization: boolean;
  isUpgrade: boolean;
}

/** The headers an app behind an exposed port gets: the visitor's own, without anything that belongs to the platform. */
export function headersForApp(request: IncomingMessage, options: ForwardedRequest): OutgoingHttpHeaders {
  const host = request.headers.host ?? "";
  const headers = withoutHopByHop(request);
  for (const name of forwarding) delete headers[name];
  if (options.dropAuthorization) delete headers.authorization;
  const cookies = (request.headersDistinct.cookie ?? [])
    .map(header => withoutCookies(header, isPlatformCookie))
    .filter(header => header !== undefined);
  delete headers.cookie;
  return {
    ...headers,
    ...(cookies.length === 0 ? {} : { cookie: cookies.join("; ") }),
    ...(options.isUpgrade ? { connection: "Upgrade", upgrade: request.headers.upgrade } : {}),
    host: options.hostRewrite ?? host,
    "x-forwarded-for": options.visitor,
    "x-forwarded-host": host,
    "x-forwarded-proto": options.scheme,
  };
}

export interface ForwardedResponse {
  hostRewrite: string | undefined;
  /** Origin of the exposed port as the visitor knows it. */
  origin: string;
}

/** The headers a visitor gets from an app: cookies cannot leave the port's own host, redirects lead back to it. */
export function headersForVisitor(
  response: IncomingMessage,
  options: ForwardedResponse,
): Record<string, string | string[]> {
  const headers = withoutHopByHop(response);
  const cookies = (headers["set-cookie"] ?? []).flatMap(cookie => hostOnlyCookie(cookie) ?? []);
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  else delete headers["set-cookie"];
  // An app that speaks https inside would lock its visitors out of the http address they use.
  if (options.origin.startsWith("http:")) delete headers["strict-transport-security"];
  delete headers["alt-svc"];
  const location = headers.location?.[0];
  if (location !== undefined) headers.location = [locationForVisitor(location, options)];
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [name, values.length === 1 ? (values[0] as string) : values]),
  );
}

function withoutHopByHop(message: IncomingMessage): Record<string, string[]> {
  const named = (message.headers.connection ?? "").split(",").map(name => name.trim().toLowerCase());
  const headers: Record<string, string[]> = {};
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    if (values !== undefined && !hopByHop.includes(name) && !named.includes(name)) headers[name] = values;
  }
  return headers;
}

function hostOnlyCookie(cookie: string): string | undefined {
  const [pair = "", ...attributes] = cookie.split(";");
  if (isPlatformCookie((pair.split("=")[0] ?? "").trim())) return undefined;
  return [pair, ...attributes.filter(attribute => !/^\s*domain\s*=/i.test(attribute))].join(";");
}

/** A redirect to the name that the app believes to have becomes one to the name it really has. */
function locationForVisitor(location: string, { hostRewrite, origin }: ForwardedResponse): string {
  if (hostRewrite === undefined || !URL.canParse(location)) return location;
  const url = new URL(location);
  if (url.host !== hostRewrite && url.hostname !== hostRewrite) return location;
  return `${origin}${url.pathname}${url.search}${url.hash}`;
}

/** `prefix` in front of the request's path, without doubling slashes. */
export function rewritePath(url: string, prefix: string | undefined): string {
  const path = url.startsWith("/") ? url : "/";
  if (prefix === undefined) return path;
  return `${prefix.replace(/\/+$/, "")}${path}`;
}
