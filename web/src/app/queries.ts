import { MutationCache, QueryCache, QueryClient, queryOptions } from "@tanstack/react-query";
import type { PlaygroundFilter } from "../../../src/api/contract/playgrounds.ts";
import { Problem } from "../../../src/api/problems.ts";
import type { View } from "../catalog/catalogue-view.ts";
import { reportFailure, reportReachable } from "./connection.ts";
import { labyard } from "./labyard.ts";

const watched = {
  onSuccess: () => reportReachable(true),
  onError: (error: unknown) => {
    reportFailure(error);
    // The session has ended: asking again who we are leads to the login.
    if (error instanceof Problem && error.code === "server/not-authenticated") {
      queryClient.setQueryData(queries.me().queryKey, null);
    }
  },
};

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache(watched),
  mutationCache: new MutationCache(watched),
  defaultOptions: {
    queries: {
      staleTime: 5000,
      retry: false,
      // The browser may believe to be offline although the server is on this machine.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

const filterOf: Record<Exclude<View, "all">, PlaygroundFilter> = {
  mine: "my-custom",
  base: "base",
  community: "community",
  recent: "recent",
  popular: "popular",
};

/** Every question the pages ask the server, once, with its key. */
export const queries = {
  loginMethods: () =>
    queryOptions({ queryKey: ["login-methods"], queryFn: () => labyard.loginMethods(), staleTime: 60_000 }),
  account: () => queryOptions({ queryKey: ["account"], queryFn: () => labyard.account() }),
  sessions: () => queryOptions({ queryKey: ["sessions"], queryFn: () => labyard.listSessions() }),
  tokens: () => queryOptions({ queryKey: ["tokens"], queryFn: () => labyard.listTokens() }),
  users: () => queryOptions({ queryKey: ["users"], queryFn: () => labyard.listUsers() }),
  /** null: nobody is logged in. */
  me: () =>
    queryOptions({
      queryKey: ["me"],
      queryFn: async () => {
        try {
          return await labyard.me();
        } catch (error) {
          if (error instanceof Problem && error.code === "server/not-authenticated") return null;
          throw error;
        }
      },
      staleTime: 60_000,
    }),
  /** One part of the catalogue; all of it: one's own first, then what came with the server, then that of others. */
  catalogue: (view: View) =>
    queryOptions({
      queryKey: ["catalogue", view],
      queryFn: async () => {
        const filters = view === "all" ? (["my-custom", "base", "community"] as const) : [filterOf[view]];
        return (await Promise.all(filters.map(filter => labyard.listPlaygrounds(filter)))).flat();
      },
    }),
  playground: (name: string) =>
    queryOptions({ queryKey: ["playground", name], queryFn: () => labyard.getPlayground(name) }),
  manifest: (name: string) =>
    queryOptions({
      queryKey: ["manifest", name],
      queryFn: async () => (await labyard.getManifest(name)).manifest,
    }),
  contentFiles: (name: string) =>
    queryOptions({ queryKey: ["content-files", name], queryFn: () => labyard.listContentFiles(name) }),
  plays: () => queryOptions({ queryKey: ["plays"], queryFn: () => labyard.listPlays("any"), refetchInterval: 5000 }),
  play: (id: string) => queryOptions({ queryKey: ["play", id], queryFn: () => labyard.getPlay(id) }),
  /** With their output; `version` is the sum of the tasks' versions, so that a change asks again. */
  tasks: (playId: string, version: number) =>
    queryOptions({
      queryKey: ["tasks", playId, version],
      queryFn: () => labyard.listTasks(playId),
      placeholderData: (previous: Awaited<ReturnType<typeof labyard.listTasks>> | undefined) => previous,
    }),
  console: (playId: string, machine: string) =>
    queryOptions({
      queryKey: ["console", playId, machine],
      queryFn: () => labyard.readConsole(playId, machine, "serial"),
      refetchInterval: 2000,
    }),
  /** Good for one load of a frame, so it is asked for exactly when a frame is to be loaded anew. */
  portTicket: (playId: string, portId: string) =>
    queryOptions({
      queryKey: ["port-ticket", playId, portId],
      queryFn: () => labyard.createPortTicket(playId, portId),
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 0,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      meta: { once: true },
    }),
};

/** After a lost connection everything may be old, except what is good only once. */
export function refreshEverything(): void {
  void queryClient.invalidateQueries({ predicate: query => query.meta?.once !== true });
}
