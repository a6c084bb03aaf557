import { limits } from "./limits.ts";
import type { Tab, TabKind } from "./schema.ts";

/** What the images of a base playground bring for the browser, and what deserves a tab without being asked for. */
export interface Offers {
  /** A browser IDE on the IDE port. */
  ide: boolean;
  /** The Kubernetes explorer. */
  kexp: boolean;
}

/** Of flexbox, and of every base that says nothing. */
export const noOffers: Offers = { ide: false, kexp: false };

/** An IDE is a shell, like a terminal: a machine without ssh shows neither. */
export const tabsThatNeedSsh: readonly TabKind[] = ["terminal", "ide"];

interface TabMachine {
  name?: string | undefined;
  noSSH?: boolean | undefined;
}

/**
 * The tabs of a playground that lists none: the IDE on the first machine that may be entered, a terminal for each such
 * machine, the Kubernetes explorer on the first machine.
 */
export function defaultTabs(machines: readonly TabMachine[], offers: Offers): Tab[] {
  const named = machines.flatMap(({ name, noSSH = false }) => (name === undefined ? [] : [{ name, noSSH }]));
  const open = named.filter(machine => !machine.noSSH);
  const tabOn = (kind: TabKind) => (machine: { name: string }) => ({ kind, machine: machine.name });
  return [
    ...(offers.ide ? open.slice(0, 1).map(tabOn("ide")) : []),
    ...open.map(tabOn("terminal")),
    ...(offers.kexp ? named.slice(0, 1).map(tabOn("kexp")) : []),
  ].slice(0, limits.tabsMax);
}

/** True when a list says no more than leaving it out would have said: then it follows the machines of whoever inherits it. */
export function areDefaultTabs(tabs: readonly Tab[], machines: readonly TabMachine[], offers: Offers): boolean {
  const expected = defaultTabs(machines, offers);
  return (
    tabs.length === expected.length &&
    tabs.every((tab, index) => {
      const { kind, machine, ...rest } = tab;
      const other = expected[index];
      const saysMore = Object.values(rest).some(value => value !== undefined);
      return !saysMore && kind === other?.kind && machine === other.machine;
    })
  );
}
