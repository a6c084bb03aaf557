import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { get, type IncomingMessage, type RequestOptions } from "node:http";
import { get as getTls } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "../src/api/client-transport.ts";
import { type Child, run, startChild } from "../src/host/process.ts";
import type { Plan } from "../src/plan/plan.ts";
import type { PlayKeys } from "../src/provisioning/keys.ts";
import { authorityFiles, clientFile, identityFile, keysFile, planFile } from "../src/store/paths.ts";
import { readRecord } from "../src/store/play-records.ts";
import { guestSays } from "../test/fixtures/guest-exec.ts";
import { findRole } from "../test/fixtures/leftovers.ts";
import { beginPlay, createPlayground, untilStarted } from "../test/fixtures/play.ts";
import { type RealServer, startServer } from "../test/fixtures/server.ts";
import { viewTerminal } from "../test/fixtures/terminal.ts";
import { median } from "./figures.ts";
import { writeResults } from "./write-results.ts";

const machine = "box";
const keystrokes = 200;
const bulkBytes = 128 * 1024 * 1024;
const [rawPort, webPort] = [9100, 9101];
const waitMs = 60_000;
const sshOptions =
  "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes".split(" ");

/** Something a key can be typed into that echoes it. */
interface Echo {
  name: string;
  /** Resolves when the echo of this one character has come. */
  type(character: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * What our ways into a machine cost over the shortest one, from inside the play's own network: the echo of a key, and
 * bytes per second. All ways are measured in turn in the same run. Tunnels go over TLS, as the official client insists.
 */
export async function accessBenchmark(runs: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "labyard-bench-access-"));
  try {
    await using server = await startServer();
    const playId = await beginPlay(
      server,
      await createPlayground(server, "small", text => text.replace(/until \[.*/, "true")),
    );
    await untilStarted(server, playId);
    const inside = await enter(server, playId, directory);
    const proxy = await cli(server, ["ssh-proxy", "-q", "-u", "root", playId], /^(\d+)$/m);
    try {
      const echo = await measureEcho(server, playId, inside, proxy.port);
      const bulk = await measureBulk(server, playId, inside, runs);
      console.log("Aims: an echo at most 2 ms later, at least 60 % of the direct throughput.");
      await writeResults("access", [
        ...[...echo].map(([way, echoMs]) => ({ way, echoMs })),
        ...[...bulk].map(([way, mebibytesPerSecond]) => ({ way, mebibytesPerSecond })),
      ]);
    } finally {
      await proxy.child.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Every measured value, by the way it went. */
type Figures = Map<string, number[]>;

/** How to run a program in the play's network, and how to log in from there. */
interface Inside {
  prefix: string[];
  address: string;
  key: string;
}

async function enter(server: RealServer, playId: string, directory: string): Promise<Inside> {
  const plan = (await readRecord<Plan>(planFile(server.paths, playId))) as Plan;
  const keys = (await readRecord<PlayKeys>(keysFile(server.paths, playId))) as PlayKeys;
  const key = join(directory, "key");
  await writeFile(key, keys.trust.privateKey, { mode: 0o600 });
  const pid = String(await findRole(playId, "runner"));
  return {
    prefix: ["nsenter", "-t", pid, "-U", "--preserve-credentials", "-n"],
    address: plan.machines[0]?.mainAddress ?? "",
    key,
  };
}

async function measureEcho(server: RealServer, playId: string, inside: Inside, sshPort: number): Promise<Figures> {
  const user = "root";
  const echoes: Echo[] = [
    await echoOfSsh("plain ssh", [
      ...inside.prefix,
      "ssh",
      "-tt",
      "-i",
      inside.key,
      ...sshOptions,
      `${user}@${inside.address}`,
      "cat",
    ]),
    await echoOfSsh("ssh through a tunnel", [
      ...["ssh", "-tt", "-i", identityFile(server.paths), ...sshOptions, "-p", String(sshPort)],
      ...["root@127.0.0.1", "cat"],
    ]),
    await echoOfTerminal(server, playId),
  ];
  const times = new Map<string, number[]>(echoes.map(({ name }) => [name, []]));
  for (let count = 0; count < keystrokes; count++) {
    const character = String.fromCharCode(97 + (count % 26));
    for (const echo of echoes) {
      const startedAt = performance.now();
      await echo.type(character);
      // The first ones warm everything up.
      if (count >= 20) times.get(echo.name)?.push(performance.now() - startedAt);
    }
  }
  for (const echo of echoes) await echo.close();
  const base = median(times.get("plain ssh") ?? []);
  for (const [name, values] of times) {
    const middle = median(values);
    console.log(
      `${name.padEnd(24)} echo ${middle.toFixed(2)} ms (plain ssh ${(middle - base >= 0 ? "+" : "") + (middle - base).toFixed(2)} ms)`,
    );
  }
  return times;
}

async function echoOfSsh(name: string, argv: string[]): Promise<Echo> {
  const child = await startChild(argv, { stdio: ["pipe", "pipe", "pipe"] });
  const { stdin, stdout } = child.process;
  if (stdin === null || stdout === null) throw new Error("no pipes");
  let heard = "";
  let look = () => {};
  stdout.on("data", (chunk: Buffer) => {
    heard += chunk.toString();
    look();
  });
  const type = (character: string) =>
    heardFrom(
      () => {
        heard = "";
        stdin.write(character);
      },
      () => heard.includes(character),
      found => (look = found),
      () => `${name} said nothing: ${child.stderrTail()}`,
    );
  // The pty echoes as soon as the session is there.
  await type("!");
  return { name, type, close: async () => void (await child.stop()) };
}

async function echoOfTerminal(server: RealServer, playId: string): Promise<Echo> {
  const { id } = await server.client.openTerminal(playId, { machine, user: "root" });
  const view = await viewTerminal(server.client, playId, id);
  view.type("cat\r");
  await view.until("cat", waitMs);
  const type = async (character: string) => {
    const seen = view.until(character, waitMs);
    view.type(character);
    await seen;
  };
  await new Promise(resolve => setTimeout(resolve, 2000));
  return { name: "browser WebSocket", type, close: () => view.close() };
}

function heardFrom(
  act: () => void,
  isThere: () => boolean,
  onData: (found: () => void) => void,
  why: () => string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(why())), waitMs);
    onData(() => {
      if (!isThere()) return;
      clearTimeout(timer);
      resolve();
    });
    act();
  });
}

async function measureBulk(server: RealServer, playId: string, inside: Inside, runs: number): Promise<Figures> {
  const serve = (port: number, head: string) =>
    `setsid sh -c 'while :; do { ${head} head -c ${bulkBytes} /dev/zero; } | nc -N -l ${port} >/dev/null; done' >/dev/null 2>&1 </dev/null &`;
  const http = `printf "HTTP/1.1 200 OK\\r\\nContent-Length: ${bulkBytes}\\r\\nConnection: close\\r\\n\\r\\n";`;
  await guestSays(server.client, playId, {
    machine,
    user: "root",
    command: `${serve(rawPort, "")} ${serve(webPort, http)} sleep 1`,
  });
  const forward = await cli(
    server,
    ["port-forward", playId, "-L", `${37_000 + (process.pid % 10_000)}:${rawPort}`],
    /127\.0\.0\.1:(\d+) ->/,
  );
  try {
    const exposed = await server.client.createPort(playId, { machine, number: webPort, access: "public" });
    const rates = new Map<string, number[]>();
    const ways: Array<[string, () => Promise<number>]> = [
      ["direct", () => direct(inside)],
      ["forward", () => throughForward(forward.port)],
      ["http port", () => throughPort(exposed.url)],
      ["http port over TLS", () => throughTlsPort(exposed.url, server)],
    ];
    for (let count = 0; count <= runs; count++) {
      for (const [name, measure] of ways) {
        // Time for the guest to listen again.
        await new Promise(resolve => setTimeout(resolve, 1000));
        const startedAt = performance.now();
        const bytes = await measure();
        const rate = bytes / 1024 / 1024 / ((performance.now() - startedAt) / 1000);
        if (bytes < bulkBytes) throw new Error(`${name}: only ${bytes} bytes came`);
        if (count > 0) rates.set(name, [...(rates.get(name) ?? []), rate]);
      }
    }
    const base = median(rates.get("direct") ?? []);
    for (const [name, values] of rates) {
      console.log(
        `${name.padEnd(24)} ${median(values).toFixed(1)} MiB/s (${((median(values) / base) * 100).toFixed(0)} % of direct)`,
      );
    }
    return rates;
  } finally {
    await forward.child.stop();
  }
}

async function direct({ prefix, address }: Inside): Promise<number> {
  const { stdout } = await run([...prefix, "bash", "-c", `cat </dev/tcp/${address}/${rawPort} | wc -c`], {
    timeoutMs: waitMs,
  });
  return Number(stdout);
}

async function throughForward(port: number): Promise<number> {
  const socket = connect({ host: "127.0.0.1", port });
  let size = 0;
  socket.on("data", chunk => (size += chunk.length));
  await once(socket, "close");
  return size;
}

async function throughPort(url: string): Promise<number> {
  const { host, port } = new URL(url);
  return download(get, { host: "127.0.0.1", port, headers: { host }, agent: false });
}

async function throughTlsPort(url: string, { tlsUrl, paths }: RealServer): Promise<number> {
  const { hostname } = new URL(url);
  const { port } = new URL(tlsUrl ?? "");
  const ca = await readFile(authorityFiles(paths).certificate);
  const headers = { host: `${hostname}:${port}` };
  return download(getTls, { host: "127.0.0.1", port, headers, agent: false, ...{ ca, servername: hostname } });
}

function download(
  ask: (options: RequestOptions, onResponse: (response: IncomingMessage) => void) => ReturnType<typeof get>,
  options: RequestOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    ask(options, response => {
      let size = 0;
      response.on("data", (chunk: Buffer) => (size += chunk.length));
      response.once("end", () => resolve(size));
      response.once("error", reject);
    }).once("error", reject);
  });
}

/** A command of ours that goes on, once it has printed what its first group catches: a port. It speaks TLS. */
async function cli(server: RealServer, args: string[], pattern: RegExp): Promise<{ child: Child; port: number }> {
  const { sessionId, accessToken } = JSON.parse(await readFile(clientFile(server.paths), "utf8")) as Credentials;
  const child = await startChild([join(import.meta.dirname, "../bin/labyard"), ...args], {
    env: {
      ...process.env,
      LABYARD_HOME: server.paths.home,
      LABYARD_ENDPOINT: server.tlsUrl,
      LABYARD_SESSION_ID: sessionId,
      LABYARD_ACCESS_TOKEN: accessToken,
      NODE_EXTRA_CA_CERTS: authorityFiles(server.paths).certificate,
    },
  });
  let said = "";
  child.process.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  for (const deadline = Date.now() + waitMs; Date.now() < deadline; ) {
    const found = pattern.exec(said);
    if (found) return { child, port: Number(found[1]) };
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  await child.stop();
  throw new Error(`${args.join(" ")} said: ${said}${child.stderrTail()}`);
}
