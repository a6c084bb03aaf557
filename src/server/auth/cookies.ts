/** The value of one cookie of a Cookie header; the first wins, as browsers send the most specific one first. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? "").split(";")) {
    const separator = pair.indexOf("=");
    if (separator > 0 && pair.slice(0, separator).trim() === name) return pair.slice(separator + 1).trim();
  }
  return undefined;
}

/** A Cookie header without the cookies whose names `drop` matches; undefined when nothing is left. */
export function withoutCookies(header: string, drop: (name: string) => boolean): string | undefined {
  const kept = header.split(";").filter(pair => !drop((pair.split("=")[0] ?? "").trim()));
  return kept.length === 0 ? undefined : kept.join(";").trim();
}

/** Prefix of every cookie that is ours: apps behind exposed ports never see one. */
const prefix = "labyard_session";

export const isPlatformCookie = (name: string) =>
  name.startsWith(prefix) || name.startsWith(`__Host-${prefix}`) || name.startsWith(portCookieName);

/** Lets a browser into one private port; lives on that port's own origin. */
export const portCookieName = "labyard_port";

/**
 * The browser's session. Over https the name itself forbids a Domain and demands Secure; over http the port is part of
 * the name because browsers do not tell two servers on one host apart.
 */
export function sessionCookieName(appUrl: URL): string {
  return appUrl.protocol === "https:" ? `__Host-${prefix}` : `${prefix}_${appUrl.port || "80"}`;
}

/** Holds one login together that is under way at a provider. Sent along when the provider redirects back. */
export function loginFlowCookieName(appUrl: URL): string {
  return `${sessionCookieName(appUrl)}_flow`;
}

export function loginFlowCookie(appUrl: URL, value: string, maxAgeSeconds: number): string {
  const secure = appUrl.protocol === "https:" ? "; Secure" : "";
  return `${loginFlowCookieName(appUrl)}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}${secure}`;
}

export function sessionCookie(appUrl: URL, value: string, maxAgeSeconds: number): string {
  const secure = appUrl.protocol === "https:" ? "; Secure" : "";
  return `${sessionCookieName(appUrl)}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}${secure}`;
}
