import type { Duplex } from "node:stream";
import { connect as tlsConnect } from "node:tls";

export type PortProtocol = "HTTP" | "HTTPS" | "TCP";

/** Emulated machines need a second or two for a handshake. */
const answerMs = 8000;

/**
 * What a program in a machine speaks: HTTP over TLS, plain HTTP, or something else. Opens at most two connections,
 * asks for the headers of "/", and leaves nothing open. Never rejects.
 */
export async function probeProtocol(
  open: (signal: AbortSignal) => Promise<Duplex>,
  host: string,
  signal: AbortSignal,
): Promise<PortProtocol> {
  // TLS first: many servers answer plain HTTP on their TLS port, but only with a complaint.
  if (await attempt(open, signal, async (plain, over) => speaksHttp(await secured(plain, host, over), host, over)))
    return "HTTPS";
  return (await attempt(open, signal, (plain, over) => speaksHttp(plain, host, over))) ? "HTTP" : "TCP";
}

async function attempt(
  open: (signal: AbortSignal) => Promise<Duplex>,
  signal: AbortSignal,
  speak: (stream: Duplex, over: AbortSignal) => Promise<boolean>,
): Promise<boolean> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  let stream: Duplex | undefined;
  try {
    stream = await open(over);
    stream.on("error", () => stream?.destroy());
    over.throwIfAborted();
    return await speak(stream, over);
  } catch {
    return false;
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

function speaksHttp(stream: Duplex, host: string, over: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    let head = "";
    const settle = () => resolve(/^HTTP\/1\.[01] \d{3}/.test(head));
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
