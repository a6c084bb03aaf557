import { bool, int, list, map, pointer, raw, type Shape, str, struct, time } from "./go-json.ts";

// What the client decodes of each reply, field by field, as its Go types are declared.

const user = struct<{ name: string; default: boolean; welcome: string }>({ name: str, default: bool, welcome: str });
const resources = struct<{ cpuCount: number; ramSize: string }>({ cpuCount: int, ramSize: str });
const snapshot = pointer(struct<{ id: string; leaseId: string }>({ id: str, leaseId: str }));

const machine = struct({
  name: str,
  users: list(user),
  backend: str,
  // The string form is accepted in YAML only: here it would end the decoding.
  kernel: pointer(struct({ source: str, snapshot })),
  drives: list(
    struct({
      source: str,
      mount: str,
      size: str,
      filesystem: str,
      readOnly: bool,
      persistent: bool,
      snapshot,
    }),
  ),
  network: pointer(struct({ interfaces: list(struct({ address: str, network: str })) })),
  resources: pointer(resources),
  startupFiles: list(struct({ path: str, content: str, mode: str, owner: str, append: bool })),
  noSSH: bool,
});

const tab = struct({
  id: str,
  kind: str,
  name: str,
  machine: str,
  number: int,
  access: str,
  tls: bool,
  hostRewrite: str,
  pathRewrite: str,
  url: str,
  pane: str,
});

const initTask = struct({
  name: str,
  machine: str,
  init: bool,
  user: str,
  timeout_seconds: int,
  needs: list(str),
  run: str,
  status: int,
  conditions: list(struct({ key: str, value: str })),
});

export interface PortForward {
  kind: string;
  machine: string;
  localHost: string;
  localPort: number;
  remoteHost: string;
  remotePort: number;
}
export const portForward: Shape<PortForward> = struct<PortForward>({
  kind: str,
  machine: str,
  localHost: str,
  localPort: int,
  remoteHost: str,
  remotePort: int,
});

const accessLists = struct({ canList: list(str), canRead: list(str), canStart: list(str) });

export const playground = struct({
  id: str,
  owner: str,
  name: str,
  base: str,
  title: str,
  description: str,
  categories: list(str),
  cover: str,
  markdown: str,
  published: bool,
  pageUrl: str,
  networks: list(struct({ name: str, subnet: str, gateway: str, private: bool })),
  machines: list(machine),
  tabs: list(tab),
  initTasks: map(initTask),
  initConditions: struct({
    values: list(
      struct({
        key: str,
        default: str,
        nullable: bool,
        options: list(str),
        placeholder: str,
        validationRegex: str,
      }),
    ),
  }),
  registryAuth: str,
  portForwards: list(portForward),
  accessControl: accessLists,
  userAccess: struct({ canList: bool, canRead: bool, canStart: bool }),
});
export type Playground = ReturnType<typeof playground>;

export const playTask = struct<PlayTask>({ name: str, init: bool, helper: bool, status: int, version: int });
export interface PlayTask {
  name: string;
  init: boolean;
  helper: boolean;
  status: number;
  version: number;
}

export const playStatus = struct<PlayStatus>({
  factoryId: str,
  stateEvents: list(struct({ state: str, error: str, at: str })),
  machines: list(
    struct({
      name: str,
      state: str,
      conditions: list(struct({ name: str, status: str, lastTransitionAt: time, message: str })),
    }),
  ),
});
export interface PlayStatus {
  factoryId: string;
  stateEvents: Array<{ state: string; error: string; at: string }>;
  machines: Array<{
    name: string;
    state: string;
    conditions: Array<{ name: string; status: string; lastTransitionAt: string; message: string }>;
  }>;
}

export const play = struct({
  id: str,
  title: str,
  createdAt: str,
  updatedAt: str,
  lastStateAt: str,
  expiresIn: int,
  maxPlayTime: str,
  status: pointer(playStatus),
  playground,
  pageUrl: str,
  machines: list(struct({ name: str, users: list(user), resources })),
  tasks: map(playTask),
  tutorialName: str,
  challengeName: str,
  courseName: str,
  lessonPath: str,
});
export type Play = ReturnType<typeof play>;

export const taskDetails = struct({
  name: str,
  machine: str,
  status: int,
  version: int,
  init: bool,
  helper: bool,
  needs: list(str),
  run: str,
  env: list(str),
  user: str,
  timeoutSeconds: int,
  exitCode: pointer(int),
  stdout: str,
  stderr: str,
  lastRunAt: str,
  lastDurationMs: int,
  hintcheck: str,
  hintcheckExitCode: int,
  hintcheckStdout: list(str),
  hintcheckStderr: list(str),
  failcheck: str,
  failcheckExitCode: int,
  failcheckStdout: list(str),
  failcheckStderr: list(str),
  dataPlaneOnly: bool,
  controlPlaneOnly: bool,
});
export type TaskDetails = ReturnType<typeof taskDetails>;

export const port = struct({
  id: str,
  playId: str,
  machine: str,
  number: int,
  hostname: str,
  access: str,
  tls: bool,
  hostRewrite: str,
  pathRewrite: str,
  url: str,
});
export const shell = struct({ id: str, playId: str, machine: str, user: str, hostname: str, access: str, url: str });
export const scanned = struct({ machine: str, number: int, protocol: str });
export const session = struct({ id: str, userId: str, authenticated: bool, accessToken: str, authUrl: str });
export const me = struct({
  id: str,
  githubProfileId: str,
  preferredRegion: str,
  premiumAccess: pointer(struct({ until: str, lifetime: bool, trial: bool })),
});
export const token = struct({
  accessToken: str,
  id: str,
  kind: str,
  name: str,
  scope: list(str),
  createdAt: str,
  expiresAt: str,
});
export const urlReply = struct({ url: str });
export const tunnelReply = struct({ url: str, loginUrl: str });
export const consoles = struct({ consoles: list(str) });
export const consoleContent = struct({ content: str });
/** Calls whose reply is decoded although nothing of it is used. */
export const anyObject = struct({});
export const connMessage = struct({ kind: str, machine: str, task: pointer(playTask), status: pointer(playStatus) });
export const journalMessage = struct({ stdout: str, stderr: str, exitCode: int, eof: bool });
export const contentFile = struct({ path: str, digest: str });
export const uploadReply = struct({ uploadUrl: str });
export const anyJson = raw;
