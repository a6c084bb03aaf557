import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { Client, type ConnectConfig } from "ssh2";
import { Problem } from "../api/problems.ts";

export interface SshTarget {
  /** Machine name, for messages. */
  machine: string;
  address: string;
  port: number;
  username: string;
  /** OpenSSH private key format */
  privateKey: string;
  /** The machine's public host key, "ssh-ed25519 AAAA…"; anything else that answers is refused. */
  hostKey: string;
}

export interface SshConnection {
  client: Client;
  /** To end it for sure: ssh2's own destroy() does nothing once the client has said good-bye to a guest that is dead. */
  socket: Socket;
}

export interface ConnectOptions extends SshTarget {
  signal: AbortSignal;
  deadlineMs: number;
  /** Told why an attempt failed, for people who wait. */
  onRetry?(reason: string): void;
}

const attemptTimeoutMs = 1000;
const cadenceMs = 50;
/** A refused login is asked again more slowly: each try costs the guest a process. */
const refusedCadenceMs = 500;
const handshakeTimeoutMs = 20_000;
/** Together a dead guest is noticed within 15 s. */
const keepAlive = { keepaliveInterval: 5000, keepaliveCountMax: 2 };

const algorithms: NonNullable<ConnectConfig["algorithms"]> = {
  kex: ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256"],
  serverHostKey: ["ssh-ed25519"],
  cipher: ["aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr"],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-256"],
  compress: ["none"],
};

/**
 * Waits until the machine answers and logs in.
 *
 * While a guest boots, its address does not resolve (ARP), then refuses, then accepts connections but not yet logins
 * (pam_nologin): all of that is tried again until the deadline. Only a wrong host key is final. Rejects with a Problem
 * and no connection left, or with the signal's reason.
 */
export async function connectSsh(options: ConnectOptions): Promise<SshConnection> {
  const { signal, machine, address, port } = options;
  const deadline = performance.now() + options.deadlineMs;
  let failure: Error | undefined;
  for (;;) {
    signal.throwIfAborted();
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) break;
    try {
      const socket = await openSocket(address, port, Math.min(attemptTimeoutMs, leftMs), signal);
      return { client: await handshake(socket, options, Math.min(handshakeTimeoutMs, Math.max(leftMs, 1))), socket };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Problem) throw error;
      // What the deadline cut short says less about the machine than the attempt before it.
      if (failure === undefined || performance.now() < deadline) failure = error as Error;
      options.onRetry?.(failure.message);
    }
    await delay(isRefusal(failure) ? refusedCadenceMs : cadenceMs, undefined, { signal });
  }
  failure ??= new Error("no attempt was made");
  const refused = isRefusal(failure);
  throw new Problem(refused ? "provisioning/channel-refused" : "provisioning/channel-timeout", {
    message: refused
      ? `"${machine}" did not let the platform log in as "${options.username}"`
      : `"${machine}" did not answer at ${address}:${port} within ${Math.round(options.deadlineMs / 1000)} s (${failure.message})`,
    where: { machine, step: "channel" },
    cause: failure,
  });
}

function isRefusal(error: Error): boolean {
  return "level" in error && error.level === "client-authentication";
}

function openSocket(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const settle = (error?: Error) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.removeAllListeners();
      if (error === undefined) {
        resolve(socket);
      } else {
        // A late error of the destroyed socket has no other listener.
        socket.on("error", () => {}).destroy();
        reject(error);
      }
    };
    const timer = setTimeout(() => settle(new Error("no answer")), timeoutMs);
    const onAbort = () => settle(new Error("cancelled"));
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", () => settle());
    socket.once("error", settle);
  });
}

async function handshake(socket: Socket, options: ConnectOptions, timeoutMs: number): Promise<Client> {
  const client = new Client();
  const expected = Buffer.from(options.hostKey.trim().split(/\s+/)[1] ?? "", "base64");
  let mismatch = false;
  const abort = () => void socket.destroy();
  options.signal.addEventListener("abort", abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      // Listeners stay: an ssh2 client without an error listener would end the process.
      client.on("ready", resolve);
      client.on("error", reject);
      client.on("close", () => reject(new Error("the connection was closed during login")));
      client.connect({
        ...keepAlive,
        sock: socket,
        username: options.username,
        privateKey: options.privateKey,
        algorithms,
        readyTimeout: timeoutMs,
        authHandler: ["publickey"],
        hostVerifier: (key: Buffer) => {
          mismatch = !key.equals(expected);
          return !mismatch;
        },
      });
    });
    return client;
  } catch (error) {
    socket.destroy();
    if (!mismatch) throw error;
    throw new Problem("provisioning/host-key-mismatch", {
      message: `what answers at ${options.address}:${options.port} is not "${options.machine}": its host key differs`,
      where: { machine: options.machine, step: "channel" },
    });
  } finally {
    options.signal.removeEventListener("abort", abort);
  }
}
