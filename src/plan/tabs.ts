import { defaultTabs, noOffers, tabsThatNeedSsh } from "../manifest/default-tabs.ts";
import { defaults } from "../manifest/limits.ts";
import type { Tab, TabKind } from "../manifest/schema.ts";
import type { PlanNotice, TabPlan } from "./plan.ts";

interface TabMachine {
  name: string;
  noSSH: boolean;
}

/**
 * The panes of the play's page, each with an identifier of its own.
 *
 * Tabs that would open a shell on a `noSSH` machine are left out with a notice. A stored manifest has its list,
 * except when there is nothing to show.
 */
export function planTabs(
  tabs: readonly Tab[] | undefined,
  machines: readonly TabMachine[],
): { tabs: TabPlan[]; notices: PlanNotice[] } {
  const notices: PlanNotice[] = [];
  const first = machines[0]?.name;
  const closed = new Set(machines.filter(machine => machine.noSSH).map(machine => machine.name));
  const allowed = (tabs ?? defaultTabs(machines, noOffers)).flatMap((tab, index): TabPlan[] => {
    const machine = tab.kind === "web-page" ? tab.machine : (tab.machine ?? first);
    if (machine !== undefined && closed.has(machine) && tabsThatNeedSsh.includes(tab.kind)) {
      notices.push({
        code: "manifest/tab-machine",
        machine,
        path: `playground.tabs[${index}]`,
        message: `the ${tab.kind} tab of "${machine}" is left out: the machine has noSSH set`,
      });
      return [];
    }
    return [describe(tab, machine)];
  });
  return { tabs: withUniqueIds(allowed), notices };
}

/** `id` stays empty where the author gave none. */
function describe(tab: Tab, machine: string | undefined): TabPlan {
  const { kind, name, number, tls, hostRewrite, pathRewrite, url, pane } = tab;
  return {
    id: tab.id ?? "",
    kind,
    name: name ?? defaultName(kind, machine),
    ...(machine === undefined ? {} : { machine }),
    ...(number === undefined ? {} : { number }),
    ...(kind === "http-port" ? { access: tab.access ?? defaults.tabAccess } : {}),
    ...(tls === undefined ? {} : { tls }),
    ...(hostRewrite === undefined ? {} : { hostRewrite }),
    ...(pathRewrite === undefined ? {} : { pathRewrite }),
    ...(url === undefined ? {} : { url }),
    ...(pane === undefined ? {} : { pane }),
  };
}

function defaultName(kind: TabKind, machine: string | undefined): string {
  if (kind === "ide") return "IDE";
  if (kind === "kexp") return "Kubernetes";
  return machine ?? kind;
}

/** Chosen identifiers are kept; automatic ones that would collide get -2, -3, … in list order. */
function withUniqueIds(tabs: readonly TabPlan[]): TabPlan[] {
  const used = new Set(tabs.flatMap(tab => (tab.id === "" ? [] : [tab.id])));
  return tabs.map(tab => {
    if (tab.id !== "") return tab;
    const stem = `${tab.kind}-${tab.machine ?? slug(tab.name)}`;
    let id = stem;
    for (let count = 2; used.has(id); count++) id = `${stem}-${count}`;
    used.add(id);
    return { ...tab, id };
  });
}

const slug = (name: string) =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "") || "page";
