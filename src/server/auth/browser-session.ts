import type { FastifyReply, FastifyRequest } from "fastify";
import type { Services } from "../services.ts";
import type { ClientOrigin } from "./accounts.ts";
import { sessionCookie } from "./cookies.ts";

export function clientOriginOf(request: FastifyRequest): ClientOrigin {
  return { userAgent: request.headers["user-agent"] ?? "", address: request.ip };
}

/** Logs the browser in as this person: a new session, its cookie on the reply, and the one it replaces ended. */
export async function beginBrowserSession(
  request: FastifyRequest,
  reply: FastifyReply,
  userId: string,
  { accounts, origins, config, live }: Pick<Services, "accounts" | "origins" | "config" | "live">,
): Promise<void> {
  const { requester } = request;
  if (requester?.via === "cookie") {
    await accounts.endSession(requester.credentialId);
    live.end(requester.userId, requester.credentialId);
  }
  const { session, secret } = await accounts.createSession("browser", userId, clientOriginOf(request));
  const appUrl = new URL(origins.appUrlFor(request.raw));
  const maxAgeSeconds = config.sessions.browserDays * 24 * 60 * 60;
  reply.header("set-cookie", sessionCookie(appUrl, `${session.id}.${secret}`, maxAgeSeconds));
}
