import "@xterm/xterm/css/xterm.css";
import "./shell.css";
import type { SharedShell } from "../../../src/api/contract/shells.ts";
import { Screen } from "../terminal/screen.ts";
import { TerminalConnection, type TerminalStatus } from "../terminal/terminal-connection.ts";
import { sharedTerminal } from "./shared-terminal.ts";

const host = element("host");
const status = element("status");
const again = element("again");
const dark = matchMedia("(prefers-color-scheme: dark)");
let shell: SharedShell | undefined;
let connection: TerminalConnection;

const screen = new Screen({
  host,
  dark: dark.matches,
  label: "Shared terminal. Ctrl+Shift+Up leaves it.",
  onType: bytes => connection.type(bytes),
  onResize: size => connection.resize(size),
  onLeave: () => (again.hidden ? status : again).focus(),
});
dark.addEventListener("change", () => screen.setDark(dark.matches));
again.addEventListener("click", connect);
const reader = element("reader") as HTMLInputElement;
reader.addEventListener("change", () => screen.setScreenReader(reader.checked));
connect();

function connect(): void {
  again.hidden = true;
  connection = new TerminalConnection(
    sharedTerminal(found => {
      shell = found;
      document.title = name(found);
      if (!found.ready) say(`${found.machine} is not ready yet. The terminal opens by itself.`);
    }),
    screen.size,
    {
      onStatus: show,
      onAttached: size => screen.reset(size, () => connection.resize(screen.size)),
      onResized: size => screen.follow(size),
      onOutput: (bytes, drawn) => screen.write(bytes, drawn),
    },
  );
  connection.start();
}

function show(now: TerminalStatus): void {
  document.body.dataset.status = now.kind;
  if (now.kind === "connecting") say("Connecting…");
  if (now.kind === "reconnecting") say("The connection was lost. Trying again…");
  if (now.kind === "ended") say(now.message ?? "The shell has ended.");
  if (now.kind === "failed") say(now.error instanceof Error ? now.error.message : "The shell could not be opened.");
  again.hidden = now.kind !== "ended" && now.kind !== "failed";
  if (now.kind !== "open" || shell === undefined) return;
  const who = shell.access === "public" ? "everybody who knows its address" : "the play's owner";
  say(`${name(shell)}. Open to ${who}; all see and type the same.`);
  screen.focus();
}

function name({ user, machine }: SharedShell): string {
  return `${user}@${machine}`;
}

function say(text: string): void {
  status.textContent = text;
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`shell.html has no #${id}`);
  return found;
}
