import { longestPlayTimeMinutes } from "../../api/contract/actions.ts";
import type { Warning } from "../../api/contract/common.ts";
import type { PlayJson, PlayTab } from "../../api/contract/plays.ts";
import { currentState, type PlayState } from "../../api/play-state.ts";
import type { NoticeCode } from "../../api/problems/notices.ts";
import type { Manifest } from "../../manifest/schema.ts";
import { formatSize } from "../../manifest/size.ts";
import type { HostFacts } from "../../plan/plan.ts";
import { planTabs } from "../../plan/tabs.ts";
import type { PlayRow } from "../../store/database/plays.ts";
import type { PortRow } from "../../store/database/ports.ts";
import { timestamp } from "../timestamp.ts";
import { effectiveResources } from "./effective-resources.ts";
import { goDuration } from "./go-duration.ts";
import { isActive, playStatus, playTasks } from "./play-status.ts";

/** A row may hold more: one such number must not make a whole list of plays unreadable. */
const longestPlayTimeMs = longestPlayTimeMinutes * 60_000;

interface PlayView {
  state: PlayState;
  ports: readonly PortRow[];
  limits: HostFacts["limits"];
  appUrl: string;
  portUrl: (label: string) => string;
  nowMs: number;
}

/** The notice that follows from the manifest and the limits alone: whoever only starts the play is told as well. */
const scaledDown: NoticeCode = "resources/scaled-down";

/** A play as its owner sees it. Nothing secret of its manifest is in here. */
export function playJson(row: PlayRow, view: PlayView): PlayJson {
  const manifest = JSON.parse(row.manifest) as Manifest;
  const { state } = view;
  const lastEvent = state.stateEvents.at(-1);
  const expiresIn = isActive(state) ? Math.min(Math.max(0, row.expires_at - view.nowMs), longestPlayTimeMs) : 0;
  const warnings = [
    ...(JSON.parse(row.warnings) as Warning[]),
    ...state.notices.filter(({ code }) => code === scaledDown),
  ];
  return {
    id: row.id,
    title: row.title,
    createdAt: timestamp(row.created_at),
    updatedAt: latest(timestamp(row.updated_at), lastEvent?.at),
    lastStateAt: lastEvent?.at ?? timestamp(row.created_at),
    expiresIn,
    maxPlayTime: goDuration(Math.min(row.max_play_time_ms, longestPlayTimeMs)),
    persistent: row.persistent === 1,
    active: isActive(state),
    status: playStatus(state),
    playground: {
      id: row.playground,
      owner: row.playground_owner,
      name: row.playground,
      base: manifest.base ?? "",
      title: manifest.title,
      description: manifest.description ?? "",
      categories: manifest.categories ?? [],
      cover: manifest.cover ?? "",
      pageUrl: `${view.appUrl}/playgrounds/${row.playground}`,
    },
    pageUrl: `${view.appUrl}/plays/${row.id}`,
    machines: machinesOf(manifest, view),
    tasks: playTasks(state),
    tabs: tabsOf(manifest, view),
    initConditions: JSON.parse(row.init_conditions) as Record<string, string>,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** Machines with what they really have; for a play that was never recorded, with what they would get today. */
function machinesOf(manifest: Manifest, { state, limits }: PlayView): PlayJson["machines"] {
  const resources = manifest.playground.machines.map(({ name }) => {
    const has = state.machines.find(machine => machine.name === name)?.resources;
    return has && { cpuCount: has.vcpus, ramSize: formatSize(has.memoryMiB) };
  });
  const expected = resources.every(has => has !== undefined) ? [] : effectiveResources(manifest, limits);
  return manifest.playground.machines.map((machine, index) => ({
    name: machine.name,
    users: machine.users.map(({ name, default: isDefault, welcome }) => ({
      name,
      ...(isDefault === undefined ? {} : { default: isDefault }),
      ...(welcome === undefined ? {} : { welcome }),
    })),
    resources: resources[index] ?? expected[index] ?? { cpuCount: 1, ramSize: "" },
    noSSH: machine.noSSH ?? false,
  }));
}

function tabsOf(manifest: Manifest, { ports, portUrl }: PlayView): PlayTab[] {
  return planTabsOf(manifest).map(tab => {
    const port = ports.find(row => row.tab_id === tab.id);
    return { ...tab, ...(port === undefined ? {} : { portId: port.id, url: portUrl(port.label) }) };
  });
}

/** The tabs of the play's page; planning decides, here as in the runner. */
export function planTabsOf(manifest: Manifest) {
  const machines = manifest.playground.machines.map(({ name, noSSH = false }) => ({ name, noSSH }));
  return planTabs(manifest.playground.tabs, machines).tabs;
}

/** What is known of a play whose directory is gone: it was never recorded, or it was removed by hand. */
export function lostState(row: PlayRow): PlayState {
  const destroyed = row.destroyed_at !== null;
  return {
    playId: row.id,
    stateEvents: [
      { state: "CREATED", at: timestamp(row.created_at) },
      destroyed
        ? { state: "DESTROYED", at: timestamp(row.destroyed_at ?? row.updated_at) }
        : { state: "FAILED", at: timestamp(row.updated_at), error: "The files of this play are gone" },
    ],
    machines: [],
    tasks: [],
    notices: [],
    phases: {},
  };
}

export const hasEnded = (state: PlayState) => currentState(state) === "DESTROYED";

/** RFC 3339 texts of one format compare as text. */
const latest = (a: string, b: string | undefined) => (b !== undefined && b > a ? b : a);
