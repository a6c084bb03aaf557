import { ActionIcon, Anchor, Text, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { whyNotAllowed } from "../../../src/api/play-actions.ts";
import type { PlayTab } from "../../../src/api/contract/plays.ts";
import { currentState, type PlayState } from "../../../src/api/play-state.ts";
import { Waiting } from "../app/frame.tsx";
import { OpenIcon, ReloadIcon } from "../app/icons.tsx";
import { paths } from "../app/paths.ts";
import { queries } from "../app/queries.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { PaneNote } from "./pane-note.tsx";

interface PortPaneProps {
  playId: string;
  tab: PlayTab;
  state: PlayState;
}

/** What the bar above the frame says about it. */
function described(tab: PlayTab): string {
  if (tab.kind === "ide") return `IDE of ${tab.machine}`;
  if (tab.kind === "kexp") return `Kubernetes explorer of ${tab.machine}`;
  return `Port ${tab.number} of ${tab.machine}${tab.access === "public" ? ", public" : ""}`;
}

/** A page that a machine serves (app, IDE, Kubernetes explorer) on an origin of its own, let in by a one-time ticket. */
export function PortPane({ playId, tab, state }: PortPaneProps) {
  const { portId } = tab;
  const name = currentState(state);
  const isUsable = whyNotAllowed("use", name) === undefined;
  const ticket = useQuery({ ...queries.portTicket(playId, portId ?? ""), enabled: portId !== undefined && isUsable });
  if (portId === undefined) return <PaneNote title="The port of this tab is not exposed" />;
  if (!isUsable) return <PaneNote title={`${tab.machine ?? "The machine"} is not running yet`} />;
  if (ticket.error !== null) {
    return (
      <div className="pane">
        <div className="pane-note">
          <ProblemAlert error={ticket.error} onRetry={() => void ticket.refetch()} />
        </div>
      </div>
    );
  }
  if (ticket.data === undefined) return <Waiting />;
  return (
    <div className="pane">
      <div className="pane-bar">
        <Text size="sm" c="dimmed" className="pane-bar-text">
          {described(tab)}
        </Text>
        <Tooltip label="Load again">
          <ActionIcon variant="default" aria-label="Load again" onClick={() => void ticket.refetch()}>
            <ReloadIcon />
          </ActionIcon>
        </Tooltip>
        <Anchor href={paths.openPort(playId, portId)} target="_blank" rel="noopener" size="sm" className="icon-link">
          Open in a new window <OpenIcon />
        </Anchor>
      </div>
      <iframe
        key={ticket.dataUpdatedAt}
        className="pane-frame"
        title={tab.name}
        src={ticket.data.url}
        // It has an origin of its own; what it may not do is replace this page unasked.
        sandbox="allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-modals allow-downloads allow-top-navigation-by-user-activation"
        // An editor without paste is none.
        allow={tab.kind === "ide" ? "clipboard-read; clipboard-write; fullscreen" : "clipboard-write; fullscreen"}
      />
    </div>
  );
}
