import "@xterm/xterm/css/xterm.css";
import "./terminal-pane.css";
import { Button, Switch, Text, useComputedColorScheme } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import type { PlayTab } from "../../../src/api/contract/plays.ts";
import { currentState, type PlayState } from "../../../src/api/play-state.ts";
import { labyard } from "../app/labyard.ts";
import { PaneNote } from "../panes/pane-note.tsx";
import { isReady, playWord } from "../play/state-words.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { Screen } from "./screen.ts";
import { TerminalConnection, type TerminalStatus } from "./terminal-connection.ts";

interface TerminalPaneProps {
  playId: string;
  tab: PlayTab;
  state: PlayState;
  isInFront: boolean;
}

/** A shell on a machine, as soon as the machine can be reached. */
export function TerminalPane({ playId, tab, state, isInFront }: TerminalPaneProps) {
  const machine = state.machines.find(({ name }) => name === tab.machine);
  const ready = machine !== undefined && isReady(machine);
  // Once shown, a terminal stays: what was printed matters most when the machine has gone.
  const [wasReady, setWasReady] = useState(ready);
  if (ready && !wasReady) setWasReady(true);
  const name = currentState(state);

  if (tab.machine === undefined || machine === undefined) return <PaneNote title="This tab belongs to no machine" />;
  if (!wasReady) {
    const isOver = ["STOPPED", "FAILED", "DESTROYED", "DESTROYING"].includes(name);
    return (
      <PaneNote title={isOver ? `The play is ${playWord(name).text.toLowerCase()}` : `${tab.machine} is not ready yet`}>
        <Text c="dimmed">
          {isOver
            ? "Its machines are off. Restart it to get a terminal."
            : `${capitalized(machine.step?.message ?? "waiting for its turn")}. The terminal opens by itself.`}
        </Text>
      </PaneNote>
    );
  }
  return <ReadyTerminal playId={playId} tab={tab} machine={tab.machine} ready={ready} isInFront={isInFront} />;
}

interface ReadyTerminalProps {
  playId: string;
  tab: PlayTab;
  machine: string;
  ready: boolean;
  isInFront: boolean;
}

function ReadyTerminal({ playId, tab, machine, ready, isInFront }: ReadyTerminalProps) {
  const host = useRef<HTMLDivElement>(null);
  const screen = useRef<Screen>(undefined);
  const [status, setStatus] = useState<TerminalStatus>({ kind: "connecting" });
  /** Counts shells: a new number begins a new one. */
  const [attempt, setAttempt] = useState(0);
  const dark = useComputedColorScheme("light", { getInitialValueInEffect: false }) === "dark";
  const firstDark = useRef(dark);
  const [screenReader, setScreenReader] = useLocalStorage({
    key: "labyard-screen-reader",
    defaultValue: false,
    getInitialValueInEffect: false,
  });

  useEffect(() => {
    if (host.current === null || !ready) return undefined;
    const element = host.current;
    const shown = new Screen({
      host: element,
      dark: firstDark.current,
      label: `Terminal of ${machine}. Ctrl+Shift+Up leaves it.`,
      onType: bytes => connection.type(bytes),
      onResize: size => connection.resize(size),
      onLeave: () => leaveTerminal(element),
    });
    const connection = new TerminalConnection(
      { client: labyard, playId, machine, storageKey: `labyard-terminal-${playId}-${tab.id}` },
      shown.size,
      {
        onStatus: setStatus,
        onAttached: size => shown.reset(size, () => connection.resize(shown.size)),
        onResized: size => shown.follow(size),
        onOutput: (bytes, drawn) => shown.write(bytes, drawn),
      },
    );
    screen.current = shown;
    connection.start();
    return () => {
      connection.close();
      shown.dispose();
      screen.current = undefined;
    };
    // A machine that was gone and is back gets a new connection; `attempt` asks for one.
  }, [playId, tab.id, machine, ready, attempt]);

  useEffect(() => {
    firstDark.current = dark;
    screen.current?.setDark(dark);
  }, [dark]);
  useEffect(() => screen.current?.setScreenReader(screenReader), [screenReader, ready, attempt]);
  useEffect(() => {
    if (!isInFront) return;
    screen.current?.fit();
    // Whoever walks along the tabs with the keyboard stays there.
    if (document.activeElement === null || document.activeElement === document.body) screen.current?.focus();
  }, [isInFront, status.kind]);

  return (
    <div className="pane terminal" data-dark={dark}>
      <TerminalNotice status={status} machine={machine} ready={ready} onNew={() => setAttempt(n => n + 1)} />
      <div ref={host} className="terminal-host" data-status={status.kind} />
      <div className="terminal-foot">
        <span>
          <kbd>Ctrl</kbd>+<kbd>Shift</kbd>+<kbd>↑</kbd> leaves the terminal
        </span>
        <Switch
          size="xs"
          label="Screen reader support"
          checked={screenReader}
          onChange={event => setScreenReader(event.currentTarget.checked)}
        />
      </div>
    </div>
  );
}

interface TerminalNoticeProps {
  status: TerminalStatus;
  machine: string;
  ready: boolean;
  onNew: () => void;
}

function TerminalNotice({ status, machine, ready, onNew }: TerminalNoticeProps) {
  const newShell = (
    <Button size="compact-sm" variant="default" onClick={onNew}>
      New shell
    </Button>
  );
  if (!ready)
    return <Strip tone="busy">{machine} cannot be reached at the moment. A terminal opens when it is back.</Strip>;
  if (status.kind === "reconnecting") return <Strip tone="bad">The connection was lost. Trying again…</Strip>;
  if (status.kind === "ended") {
    const how = status.message ?? `The shell has ended${status.exitCode ? ` with exit code ${status.exitCode}` : ""}.`;
    return (
      <Strip tone="quiet">
        {how} {newShell}
      </Strip>
    );
  }
  if (status.kind === "failed") return <ProblemAlert error={status.error} onRetry={onNew} />;
  return null;
}

function Strip({ tone, children }: { tone: string; children: React.ReactNode }) {
  return (
    <div role="status" className={`terminal-strip tone-${tone}`}>
      {children}
    </div>
  );
}

/** To the tab that the terminal belongs to. */
function leaveTerminal(element: HTMLElement): void {
  const panel = element.closest('[role="tabpanel"]');
  document.getElementById(panel?.getAttribute("aria-labelledby") ?? "")?.focus();
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
