import { randomBytes } from "node:crypto";
import type { CreatePortBody, PortJson } from "../../api/contract/ports.ts";
import type { TabPlan } from "../../plan/plan.ts";
import type { PortRow } from "../../store/database/ports.ts";
import { newId } from "../auth/secrets.ts";
import type { Origins } from "../origins.ts";

/** Where official images serve what these tabs show. */
const toolPorts = {
  ide: { number: 50061, name: "IDE" },
  kexp: { number: 55174, name: "Kubernetes explorer" },
} as const;

/** Name of what an `ide` or `kexp` tab shows; undefined for ports of apps. */
export function toolBehind(row: Pick<PortRow, "number" | "tab_id" | "access">): string | undefined {
  if (row.tab_id === null || row.access !== "private") return undefined;
  return Object.values(toolPorts).find(({ number }) => number === row.number)?.name;
}

interface NewPort {
  playId: string;
  machine: string;
  number: number;
  access: "private" | "public";
  tls?: boolean | null | undefined;
  hostRewrite?: string | null | undefined;
  pathRewrite?: string | null | undefined;
  tabId?: string | undefined;
  nowMs: number;
}

/** A row with a host name that nobody can guess: a public port is as public as its address. */
function portRow(port: NewPort): PortRow {
  return {
    id: newId(),
    play_id: port.playId,
    machine: port.machine,
    number: port.number,
    label: `${port.playId}-${randomBytes(3).toString("hex")}`,
    access: port.access,
    tls: port.tls ? 1 : 0,
    host_rewrite: port.hostRewrite || null,
    path_rewrite: port.pathRewrite || null,
    tab_id: port.tabId ?? null,
    created_at: port.nowMs,
  };
}

export function portOfRequest(playId: string, body: CreatePortBody, nowMs: number): PortRow {
  return portRow({ ...body, playId, access: body.access === "public" ? "public" : "private", nowMs });
}

/** Ports that the tabs of a play show; IDE and Kubernetes pages are for the owner only. */
export function portsOfTabs(playId: string, tabs: readonly TabPlan[], nowMs: number): PortRow[] {
  return tabs.flatMap(tab => {
    const number = portNumberOf(tab);
    if (number === undefined || tab.machine === undefined) return [];
    const { access = "private", tls, hostRewrite, pathRewrite }: Partial<TabPlan> = tab.kind === "http-port" ? tab : {};
    return [
      portRow({ playId, machine: tab.machine, number, access, tls, hostRewrite, pathRewrite, tabId: tab.id, nowMs }),
    ];
  });
}

function portNumberOf(tab: TabPlan): number | undefined {
  if (tab.kind === "ide" || tab.kind === "kexp") return toolPorts[tab.kind].number;
  return tab.kind === "http-port" ? tab.number : undefined;
}

export function portJson(row: PortRow, origins: Origins, appUrl: string): PortJson {
  return {
    id: row.id,
    playId: row.play_id,
    machine: row.machine,
    number: row.number,
    hostname: origins.portHostName(row.label),
    access: row.access,
    tls: row.tls === 1,
    ...(row.host_rewrite === null ? {} : { hostRewrite: row.host_rewrite }),
    ...(row.path_rewrite === null ? {} : { pathRewrite: row.path_rewrite }),
    url: `${origins.portUrl(row.label, appUrl)}/`,
  };
}
