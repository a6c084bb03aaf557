/** Every address of the web UI, once. */
export const paths = {
  catalog: () => "/",
  login: (next?: string) => (next === undefined || next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`),
  /** An address of the server: it sends the browser on to the provider. */
  startLogin: (provider: string, next?: string) =>
    `/api/auth/providers/${encodeURIComponent(provider)}/start${next === undefined ? "" : `?next=${encodeURIComponent(next)}`}`,
  account: () => "/account",
  people: () => "/people",
  playground: (name: string) => `/playgrounds/${encodeURIComponent(name)}`,
  play: (id: string) => `/plays/${encodeURIComponent(id)}`,
  /** Lets the owner through to a private port, in a window of its own. */
  openPort: (playId: string, portId: string) =>
    `/api/plays/${encodeURIComponent(playId)}/ports/${encodeURIComponent(portId)}/open`,
};

/** Where the files lie that accompany a playground; ends in a slash. */
export const contentFolder = (name: string) => `/content/files/playgrounds/${encodeURIComponent(name)}/`;

/** Where to go after the login; anything that would lead to another site leads to the catalog instead. */
export function safeNext(next: string | null): string {
  if (next === null || !next.startsWith("/")) return paths.catalog();
  const url = new URL(next, location.origin);
  return url.origin === location.origin ? `${url.pathname}${url.search}` : paths.catalog();
}
