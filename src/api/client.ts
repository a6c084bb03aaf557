import { type ClientOptions, createCall } from "./client-transport.ts";
import type { Account, AccountSession, SetPasswordBody } from "./contract/account.ts";
import type { PlayAction } from "./contract/actions.ts";
import type { EmptyReply } from "./contract/common.ts";
import type { ConnReply } from "./contract/conns.ts";
import type { ContentFileJson, ContentUpload } from "./contract/content.ts";
import type { ConsoleContent, ConsoleList } from "./contract/consoles.ts";
import type { ExecBody } from "./contract/exec.ts";
import type { Group, PutGroupBody, PutGroupMemberBody } from "./contract/groups.ts";
import type { Health } from "./contract/health.ts";
import type { ManifestCheckBody, ManifestCheckReply } from "./contract/manifest-check.ts";
import type { Me } from "./contract/me.ts";
import type { PlayStateJson } from "./contract/play-state.ts";
import type {
  CreatePlaygroundBody,
  ManifestText,
  PlaygroundFilter,
  PlaygroundJson,
  UpdatePlaygroundBody,
} from "./contract/playgrounds.ts";
import type { CreatePlayBody, PlayJson } from "./contract/plays.ts";
import type { OpenJournalBody } from "./contract/journals.ts";
import type { CreatePortBody, ListeningPortJson, PortJson, PortTicket } from "./contract/ports.ts";
import type { CreateShellBody, ShellJson } from "./contract/shells.ts";
import type { LoginBody, LoginCode, LoginMethods, LoginSession } from "./contract/sessions.ts";
import type { TaskDetails } from "./contract/tasks.ts";
import type { OpenedTerminal, OpenTerminalBody, SocketTicket, Terminal } from "./contract/terminals.ts";
import type { AccessToken, CreateTokenBody } from "./contract/tokens.ts";
import type { CreatedUser, CreateUserBody, Invitation, UpdateUserBody, User } from "./contract/users.ts";
import type { PortForwardJson, SavePortForwardBody, StartTunnelBody, Tunnel } from "./contract/tunnels.ts";
import { type WatchOptions, watchPlay } from "./watch-play.ts";

/** Actions that answer with the play; consoles have methods of their own. */
type PlainAction = Exclude<PlayAction, { action: "machine.console.list" | "machine.console.read" }>;

export type Client = ReturnType<typeof createClient>;

/**
 * One method per endpoint of the server, for the CLI and the web UI. Every failure is a Problem, "no server answers"
 * (`server/unreachable`) included. Nothing is retried except the watched stream.
 */
export function createClient(options: ClientOptions) {
  const call = createCall(options);
  const play = (id: string) => `/plays/${encodeURIComponent(id)}`;
  const playground = (name: string) => `/playgrounds/${encodeURIComponent(name)}`;
  const task = (id: string, name: string) => `${play(id)}/tasks/${encodeURIComponent(name)}`;
  const terminal = (id: string, terminalId: string) => `${play(id)}/terminals/${encodeURIComponent(terminalId)}`;
  const port = (id: string, portId: string) => `${play(id)}/ports/${encodeURIComponent(portId)}`;
  const user = (idOrName: string) => `/users/${encodeURIComponent(idOrName)}`;
  const group = (name: string) => `/groups/${encodeURIComponent(name)}`;
  const session = (id: string) => `/sessions/${encodeURIComponent(id)}`;

  return {
    health: (signal?: AbortSignal) => call<Health>("GET", "/health", { signal }),

    me: () => call<Me>("GET", "/auth/me", { query: { authenticate: "true" } }),
    /** Trades a one-time code, or name and password, for the browser's session cookie. */
    login: (body: LoginBody) => call<Me>("POST", "/auth/login", { body }),
    loginMethods: () => call<LoginMethods>("GET", "/auth/methods"),
    logout: () => call<EmptyReply>("POST", "/auth/logout"),
    createLoginCode: () => call<LoginCode>("POST", "/auth/login-codes"),

    createSession: () => call<LoginSession & { accessToken: string }>("POST", "/sessions"),
    getSession: (id: string) => call<LoginSession>("GET", session(id)),
    approveSession: (id: string) => call<LoginSession>("POST", `${session(id)}/approve`),
    denySession: (id: string) => call<EmptyReply>("POST", `${session(id)}/deny`),
    listSessions: () => call<AccountSession[]>("GET", "/sessions"),
    deleteSession: (id: string) => call<EmptyReply>("DELETE", session(id)),

    account: () => call<Account>("GET", "/account"),
    setPassword: (body: SetPasswordBody) => call<EmptyReply>("PUT", "/account/password", { body }),
    /** Where to send the browser so that this provider's identity becomes one of this account. */
    linkIdentity: (provider: string) =>
      call<{ url: string }>("POST", `/auth/providers/${encodeURIComponent(provider)}/link`),
    unlinkIdentity: (issuer: string) => call<EmptyReply>("DELETE", "/account/identities", { query: { issuer } }),

    listUsers: () => call<User[]>("GET", "/users"),
    createUser: (body: CreateUserBody) => call<CreatedUser>("POST", "/users", { body }),
    updateUser: (idOrName: string, body: UpdateUserBody) => call<User>("PATCH", user(idOrName), { body }),
    inviteUser: (idOrName: string, resetPassword: boolean) =>
      call<Invitation>("POST", `${user(idOrName)}/invitations`, { body: { resetPassword } }),
    deleteUser: (idOrName: string) => call<EmptyReply>("DELETE", user(idOrName)),

    listGroups: () => call<Group[]>("GET", "/groups"),
    putGroup: (name: string, body: PutGroupBody) => call<Group>("PUT", group(name), { body }),
    deleteGroup: (name: string) => call<EmptyReply>("DELETE", group(name)),
    putGroupMember: (name: string, idOrName: string, body: PutGroupMemberBody) =>
      call<Group>("PUT", `${group(name)}/members/${encodeURIComponent(idOrName)}`, { body }),
    deleteGroupMember: (name: string, idOrName: string) =>
      call<Group>("DELETE", `${group(name)}/members/${encodeURIComponent(idOrName)}`),

    listTokens: () => call<AccessToken[]>("GET", "/oauth/tokens"),
    createToken: (body: CreateTokenBody) =>
      call<AccessToken & { accessToken: string }>("POST", "/oauth/tokens", { body }),
    deleteToken: (id: string) => call<EmptyReply>("DELETE", `/oauth/tokens/${encodeURIComponent(id)}`),

    listPlaygrounds: (filter?: PlaygroundFilter) =>
      call<PlaygroundJson[]>("GET", "/playgrounds", { query: { filter } }),
    getPlayground: (name: string, format?: "extended") =>
      call<PlaygroundJson>("GET", playground(name), { query: { format } }),
    /** The YAML that an author edits, as the command line dumps it. */
    getManifest: (name: string) => call<ManifestText>("GET", `${playground(name)}/manifest`),
    listContentFiles: (name: string) =>
      call<ContentFileJson[]>("GET", "/content/v2/files", { query: { kind: "playground", name } }),
    /** In two steps: where to put it, then the bytes themselves. */
    putContentFile: async (name: string, file: string, bytes: Uint8Array<ArrayBuffer>) => {
      const { uploadUrl } = await call<ContentUpload>("PUT", "/content/files", {
        body: { kind: "playground", name, file },
      });
      await call<EmptyReply>("PUT", new URL(uploadUrl).pathname.replace(/^\/api/, ""), { bytes });
    },
    deleteContentFile: (name: string, file: string) =>
      call<EmptyReply>("DELETE", "/content/files", { query: { kind: "playground", name, file } }),
    createPlayground: (body: CreatePlaygroundBody) => call<PlaygroundJson>("POST", "/playgrounds", { body }),
    updatePlayground: (name: string, body: UpdatePlaygroundBody) =>
      call<PlaygroundJson>("PUT", playground(name), { body }),
    deletePlayground: (name: string) => call<EmptyReply>("DELETE", playground(name)),
    checkManifest: (body: ManifestCheckBody) => call<ManifestCheckReply>("POST", "/manifest/check", { body }),

    createPlay: (body: CreatePlayBody) => call<PlayJson>("POST", "/plays", { body }),
    /** Absent: plays with a time limit; "true": persistent ones; "any": both. */
    listPlays: (persistent?: "true" | "any") => call<PlayJson[]>("GET", "/plays", { query: { persistent } }),
    getPlay: (id: string) => call<PlayJson>("GET", play(id)),
    getPlayState: (id: string) => call<PlayStateJson>("GET", `${play(id)}/state`),
    act: (id: string, action: PlainAction) => call<PlayJson>("POST", `${play(id)}/actions`, { body: action }),
    listConsoles: (id: string, machine: string) =>
      call<ConsoleList>("POST", `${play(id)}/actions`, { body: { action: "machine.console.list", machine } }),
    readConsole: (id: string, machine: string, console: string) =>
      call<ConsoleContent>("POST", `${play(id)}/actions`, {
        body: { action: "machine.console.read", machine, console },
      }),
    createConn: (id: string) => call<ConnReply>("POST", `${play(id)}/conns`),
    /** See watchPlay: the present state, then every change, over a stream that reconnects by itself. */
    watchPlay: (id: string, watch: WatchOptions) => watchPlay(call, id, watch),

    listTasks: (id: string, machines?: string[]) =>
      call<TaskDetails[]>("GET", `${play(id)}/tasks`, { query: { machine: machines } }),
    retryTask: (id: string, name: string) => call<EmptyReply>("POST", `${task(id, name)}/retry`),
    skipTask: (id: string, name: string) => call<EmptyReply>("POST", `${task(id, name)}/skip`),

    listPorts: (id: string) => call<PortJson[]>("GET", `${play(id)}/ports`),
    createPort: (id: string, body: CreatePortBody) => call<PortJson>("POST", `${play(id)}/ports`, { body }),
    deletePort: (id: string, portId: string) => call<EmptyReply>("DELETE", port(id, portId)),
    /** A URL that lets this browser into a private port, once; public ports need none. */
    createPortTicket: (id: string, portId: string) => call<PortTicket>("POST", `${port(id, portId)}/tickets`),

    /** Ports on which programs listen, of one machine or of all. */
    scanPorts: (id: string, machine?: string) =>
      call<ListeningPortJson[]>("POST", `${play(id)}/ports/scan`, { query: { machine } }),

    listShells: (id: string) => call<ShellJson[]>("GET", `${play(id)}/shells`),
    createShell: (id: string, body: CreateShellBody) => call<ShellJson>("POST", `${play(id)}/shells`, { body }),
    deleteShell: (id: string, shellId: string) =>
      call<EmptyReply>("DELETE", `${play(id)}/shells/${encodeURIComponent(shellId)}`),
    /** A WebSocket URL that sends {stdout?, stderr?, exitCode?, eof?}. */
    openJournal: (id: string, body: OpenJournalBody) => call<SocketTicket>("POST", `${play(id)}/journals`, { body }),
    /** TCP into a machine; the reply comes when the machine is ready. */
    startTunnel: (id: string, body: StartTunnelBody) => call<Tunnel>("POST", `${play(id)}/tunnels`, { body }),
    listPortForwards: (id: string) => call<PortForwardJson[]>("GET", `${play(id)}/port-forwards`),
    savePortForward: (id: string, body: SavePortForwardBody) =>
      call<PortForwardJson>("POST", `${play(id)}/port-forwards`, { body }),
    /** By its index in the list. */
    deletePortForward: (id: string, index: number) => call<EmptyReply>("DELETE", `${play(id)}/port-forwards/${index}`),

    listTerminals: (id: string) => call<Terminal[]>("GET", `${play(id)}/terminals`),
    openTerminal: (id: string, body: OpenTerminalBody) =>
      call<OpenedTerminal>("POST", `${play(id)}/terminals`, { body }),
    /** A fresh WebSocket URL for an open terminal, e.g. after a reload. */
    createTerminalTicket: (id: string, terminalId: string) =>
      call<SocketTicket>("POST", `${terminal(id, terminalId)}/tickets`),
    closeTerminal: (id: string, terminalId: string) => call<EmptyReply>("DELETE", terminal(id, terminalId)),
    /** A WebSocket URL that speaks exec-protocol; single use. */
    exec: (id: string, body: ExecBody) => call<SocketTicket>("POST", `${play(id)}/exec`, { body }),
  };
}
