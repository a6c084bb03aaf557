import { Tabs, Text } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useSearchParams } from "react-router";
import type { PlayJson, PlayTab } from "../../../src/api/contract/plays.ts";
import type { PlayState } from "../../../src/api/play-state.ts";
import { Waiting } from "../app/frame.tsx";
import { PortPane } from "../panes/port-pane.tsx";
import { WebPagePane } from "../panes/web-page-pane.tsx";

const TerminalPane = lazy(async () => ({ default: (await import("../terminal/terminal-pane.tsx")).TerminalPane }));

/** The panes of the play. One that has been looked at stays as it is while others are in front. */
export function PlayTabs({ play, state }: { play: PlayJson; state: PlayState }) {
  const [search, setSearch] = useSearchParams();
  const { tabs } = play;
  const active = tabFor(tabs, search.get("tab")) ?? tabs[0];
  const [visited, setVisited] = useState<readonly string[]>([]);
  if (active !== undefined && !visited.includes(active.id)) setVisited([...visited, active.id]);

  if (active === undefined) return <Text p="lg">This playground has no tabs. Its machines are reachable by ssh.</Text>;
  const show = (id: string | null) => {
    if (id !== null) setSearch(id === tabs[0]?.id ? {} : { tab: id }, { replace: true });
  };
  return (
    <Tabs value={active.id} onChange={show} className="play-tabs" keepMounted>
      <Tabs.List className="play-tab-list" aria-label="Tabs of the play">
        {tabs.map(tab => (
          <Tabs.Tab key={tab.id} value={tab.id}>
            {tab.name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map(tab => (
        <Tabs.Panel key={tab.id} value={tab.id} className="play-tab-panel" data-front={tab.id === active.id}>
          {visited.includes(tab.id) && (
            <Suspense fallback={<Waiting />}>{paneOf(tab, play, state, tab.id === active.id)}</Suspense>
          )}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

/** Links name a tab by its id, its name or its machine. */
function tabFor(tabs: readonly PlayTab[], wanted: string | null): PlayTab | undefined {
  if (wanted === null) return undefined;
  return (
    tabs.find(tab => tab.id === wanted) ??
    tabs.find(tab => tab.name === wanted) ??
    tabs.find(tab => tab.machine === wanted)
  );
}

function paneOf(tab: PlayTab, play: PlayJson, state: PlayState, isInFront: boolean): ReactNode {
  switch (tab.kind) {
    case "terminal":
      return <TerminalPane playId={play.id} tab={tab} state={state} isInFront={isInFront} />;
    case "web-page":
      return <WebPagePane tab={tab} />;
    // "http-port", "ide" and "kexp"
    default:
      return <PortPane playId={play.id} tab={tab} state={state} />;
  }
}
