import pino from "pino";

export type Log = pino.Logger;

/** JSON lines on stderr; the level comes from configuration, never from the environment at import time. */
export function createLog(name: string, level: string): Log {
  return pino({ name, level, base: { name, pid: process.pid } }, pino.destination({ fd: 2, sync: true }));
}
