import type { UpgradeTarget } from "../../playground/plays.ts";
import type { Holder } from "../auth/live-connections.ts";
import type { TicketKind } from "../tickets.ts";

/** The official client dials the same URL up to ten times over some four minutes. */
export const connTicketKind: TicketKind<{ playId: string; holder: Holder }> = {
  name: "conn",
  lifetimeMs: 10 * 60_000,
  reusable: true,
};

/** Dialled like the one above. */
export const journalTicketKind: TicketKind<{
  playId: string;
  target: UpgradeTarget & { kind: "journal" };
  holder: Holder;
}> = {
  name: "journal",
  lifetimeMs: 10 * 60_000,
  reusable: true,
};

/** For terminals and commands: enough time to dial, for one dial. */
export const runnerTicketKind: TicketKind<{ playId: string; target: UpgradeTarget; holder: Holder }> = {
  name: "runner",
  lifetimeMs: 30_000,
  reusable: false,
};

/** A WebSocket URL of this server with a ticket in it. */
export function socketUrl(appUrl: string, path: string, ticket: string): string {
  return `${appUrl.replace(/^http/, "ws")}/api${path}?ticket=${ticket}`;
}
