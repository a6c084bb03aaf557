import { Problem } from "../api/problems.ts";

/** Why a port could not be had, in words. */
export function listenFailure(host: string, port: number, cause: unknown): Problem {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const why =
    code === "EADDRINUSE"
      ? "another program already listens there"
      : code === "EACCES"
        ? "the system does not allow it"
        : String(code ?? cause);
  return new Problem("server/listen-failed", { message: `Cannot listen on ${host}:${port}: ${why}`, cause });
}
