import type { Duplex } from "node:stream";
import { connect as tlsConnect } from "node:tls";

export type PortProtocol = "HTTP" | "HTTPS" | "TCP";

/** Emulated machines need a second or two for a handshake. */
const answerMs = 8000;

/** What servers answer to plain HTTP on their TLS port. */
const complaint = 400;

/**
 * What a program in a machine speaks: HTTP over TLS, plain HTTP, or something else. Opens two connections, asks for
 * the headers of "/", and leaves nothing open. Never rejects.
 */
export async function probeProtocol(
  open: (signal: AbortSignal) => Promise<Duplex>,
  host: string,
  signal: AbortSignal,
): Promise<PortProtocol> {
  const known = new AbortController();
  const over = AbortSignal.any([signal, known.signal]);
  const secure = attempt(open, over, async (plain, end) => httpStatus(await secured(plain, host, end), host, end));
  const plain = await attempt(open, over, (stream, end) => httpStatus(stream, host, end));
  // A program that waits for the end of a line that TLS never sends need not be waited for.
  if (plain !== undefined && plain !== complaint) {
    known.abort();
    await secure;
    return "HTTP";
  }
  if ((await secure) !== undefined) return "HTTPS";
  return plain === undefined ? "TCP" : "HTTP";
}

async function attempt(
  open: (signal: AbortSignal) => Promise<Duplex>,
  signal: AbortSignal,
  speak: (stream: Duplex, over: AbortSignal) => Promise<number | undefined>,
): Promise<number | undefined> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  let stream: Duplex | undefined;
  try {
    stream = await open(over);
    stream.on("error", () => stream?.destroy());
    over.throwIfAborted();
    return await speak(stream, over);
  } catch {
    return undefined;
  } finally {
    stream?.destroy();
  }
}

function secured(plain: Duplex, host: string, over: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({
      socket: plain,
      servername: host,
      // Programs in machines have certificates of their own making.
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
    });
    socket.once("secureConnect", () => resolve(socket));
    socket.on("error", error => {
      socket.destroy();
      reject(error);
    });
    plain.once("close", () => {
      socket.destroy();
      reject(new Error("closed during the handshake"));
    });
    over.addEventListener("abort", () => reject(over.reason), { once: true });
  });
}

/** Of the answer; undefined when there is none in HTTP. */
function httpStatus(stream: Duplex, host: string, over: AbortSignal): Promise<number | undefined> {
  return new Promise(resolve => {
    let head = "";
    const settle = () => {
      const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(head) ?? [];
      resolve(status === undefined ? undefined : Number(status));
    };
    stream.on("data", (chunk: Buffer) => {
      head += chunk.toString("latin1");
      if (head.length >= 12) settle();
    });
    stream.once("end", settle);
    stream.once("close", settle);
    stream.once("error", settle);
    over.addEventListener("abort", settle, { once: true });
    stream.write(`HEAD / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nUser-Agent: labyard-scan\r\n\r\n`);
  });
}
