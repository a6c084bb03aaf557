import "@xterm/xterm/css/xterm.css";
import "./terminal-pane.css";
import { Button, Switch, Text, useComputedColorScheme } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import type { PlayTab } from "../../../src/api/contract/plays.ts";
import { whyNotAllowed } from "../../../src/api/play-actions.ts";
import { currentState, type PlayState } from "../../../src/api/play-state.ts";
import { labyard } from "../app/labyard.ts";
import { PaneNote } from "../panes/pane-note.tsx";
import { isReady, playWord } from "../play/state-words.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { rememberedTerminal } from "./remembered-terminal.ts";
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
  const name = currentState(state);

  if (tab.machine === undefined || machine === undefined) return <PaneNote title="This tab belongs to no machine" />;
  const isUsable = whyNotAllowed("use", name) === undefined;
  if (!isUsable || !isReady(machine)) {
    const isComing = isUsable || ["CREATED", "WARMING_UP", "WARMED_UP"].includes(name);
    return (
      <PaneNote
        title={
          isComing
            ? `${tab.machine} is not ready yet`
            : name === "FAILED"
              ? "The play has failed"
              : `The play is ${playWord(name).text.toLowerCase()}`
        }
      >
        <Text c="dimmed">
          {isComing
            ? `${capitalized(machine.step?.message ?? "waiting for its turn")}. The terminal opens by itself.`
            : "Its machines are off. Restart it to get a terminal."}
        </Text>
      </PaneNote>
    );
  }
  return <ReadyTerminal playId={playId} tab={tab} machine={tab.machine} isInFront={isInFront} />;
}

interface ReadyTerminalProps {
  playId: string;
  tab: PlayTab;
  machine: string;
  isInFront: boolean;
}

function ReadyTerminal({ playId, tab, machine, isInFront }: ReadyTerminalProps) {
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
    if (host.current === null) return undefined;
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
      rememberedTerminal({ client: labyard, playId, machine, storageKey: `labyard-terminal-${playId}-${tab.id}` }),
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
    // A new `attempt` asks for a new connection.
  }, [playId, tab.id, machine, attempt]);

  useEffect(() => {
    firstDark.current = dark;
    screen.current?.setDark(dark);
  }, [dark]);
  useEffect(() => screen.current?.setScreenReader(screenReader), [screenReader, attempt]);
  useEffect(() => {
    if (!isInFront) return;
    screen.current?.fit();
    // Whoever walks along the tabs with the keyboard stays there.
    if (document.activeElement === null || document.activeElement === document.body) screen.current?.focus();
  }, [isInFront, status.kind]);

  return (
    <div className="pane terminal-pane" data-dark={dark}>
      <TerminalNotice status={status} onNew={() => setAttempt(n => n + 1)} />
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
  onNew: () => void;
}

function TerminalNotice({ status, onNew }: TerminalNoticeProps) {
  const newShell = (
    <Button size="compact-sm" variant="default" onClick={onNew}>
      New shell
    </Button>
  );
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
