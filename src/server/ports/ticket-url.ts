import type { Holder } from "../auth/live-connections.ts";
import type { Services } from "../services.ts";
import { portTicketKind, portTicketParameter } from "./port-pass.ts";

/** The address of an exposed port or shared shell, with what lets this person's browser in once if it is private. */
export function ticketUrl(
  exposed: { id: string; label: string; access: "private" | "public" },
  holder: Holder,
  path: string,
  appUrl: string,
  { origins, tickets }: Pick<Services, "origins" | "tickets">,
): string {
  const url = new URL(`${origins.portUrl(exposed.label, appUrl)}/`);
  // Only the path and query of what was asked for: the host is ours to say.
  const wanted = new URL(path.replace(/^[/\\]*/, "/"), url);
  url.pathname = wanted.pathname;
  url.search = wanted.search;
  if (exposed.access === "private") {
    url.searchParams.set(portTicketParameter, tickets.issue(portTicketKind, { portId: exposed.id, holder }));
  }
  return url.href;
}
