import { FitAddon } from "@xterm/addon-fit";
import { WebglAddon } from "@xterm/addon-webgl";
import { type ITheme, Terminal } from "@xterm/xterm";
import type { TerminalSize } from "./terminal-connection.ts";

const scrollbackLines = 2000;
/** A redraw comes right after "attached"; our own size is applied when it is on the screen. */
const redrawGraceMs = 100;

const darkTheme: ITheme = {
  background: "#12151a",
  foreground: "#e4e7eb",
  cursor: "#aebdff",
  selectionBackground: "#3b4a7a",
};
const lightTheme: ITheme = {
  background: "#ffffff",
  foreground: "#1b1f24",
  cursor: "#2743b4",
  selectionBackground: "#c5d0fb",
  black: "#1b1f24",
  red: "#a61e2a",
  green: "#1c6b35",
  yellow: "#7a5200",
  blue: "#2743b4",
  magenta: "#862e9c",
  cyan: "#0b6170",
  white: "#5c636b",
  brightBlack: "#495057",
  brightRed: "#c92a2a",
  brightGreen: "#20783b",
  brightYellow: "#8a5c00",
  brightBlue: "#364fc7",
  brightMagenta: "#9c36b5",
  brightCyan: "#0b7285",
  brightWhite: "#343a40",
};

export interface ScreenOptions {
  host: HTMLElement;
  dark: boolean;
  label: string;
  onType: (bytes: Uint8Array) => void;
  onResize: (size: TerminalSize) => void;
  /** The keys that lead out of the terminal were pressed: it takes all others. */
  onLeave: () => void;
}

/** What a person sees of a terminal, fitted to its element. */
export class Screen {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #observer: ResizeObserver;
  readonly #host: HTMLElement;
  #redraw: ReturnType<typeof setTimeout> | undefined;
  /** While a redraw for another size is under way, the size is not ours to choose. */
  #holdsSize = false;

  constructor({ host, dark, label, onType, onResize, onLeave }: ScreenOptions) {
    this.#host = host;
    const terminal = new Terminal({
      scrollback: scrollbackLines,
      fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
      fontSize: 14,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      minimumContrastRatio: 4.5,
      theme: dark ? darkTheme : lightTheme,
    });
    this.#terminal = terminal;
    terminal.loadAddon(this.#fit);
    terminal.open(host);
    terminal.textarea?.setAttribute("aria-label", label);
    this.#useGpu();
    this.fit();
    // From here on: the first size is asked for, later ones are told.
    terminal.onData(text => onType(new TextEncoder().encode(text)));
    terminal.onBinary(text => onType(Uint8Array.from(text, character => character.charCodeAt(0))));
    terminal.onResize(size => {
      if (!this.#holdsSize) onResize(size);
    });
    terminal.attachCustomKeyEventHandler(event => {
      const leaves = event.ctrlKey && event.shiftKey && event.key === "ArrowUp";
      if (leaves && event.type === "keydown") {
        event.preventDefault();
        onLeave();
      }
      return !leaves;
    });
    this.#observer = new ResizeObserver(() => this.fit());
    this.#observer.observe(host);
  }

  get size(): TerminalSize {
    return { cols: this.#terminal.cols, rows: this.#terminal.rows };
  }

  focus(): void {
    this.#terminal.focus();
  }

  setDark(dark: boolean): void {
    this.#terminal.options.theme = dark ? darkTheme : lightTheme;
  }

  /** For people who listen: what is printed is kept readable for screen readers. */
  setScreenReader(on: boolean): void {
    this.#terminal.options.screenReaderMode = on;
  }

  /** Takes the size of the element, unless it is hidden. */
  fit(): void {
    if (!this.#holdsSize && this.#host.offsetWidth > 0 && this.#host.offsetHeight > 0) this.#fit.fit();
  }

  write(bytes: Uint8Array, drawn: () => void): void {
    this.#terminal.write(bytes, drawn);
  }

  /** Empties the screen in turn with what is still being drawn, for a redraw of this size; then fits again. */
  reset(size: TerminalSize, fitted: () => void): void {
    this.#holdsSize = true;
    this.#terminal.write("\x1bc", () => this.#terminal.resize(size.cols, size.rows));
    clearTimeout(this.#redraw);
    this.#redraw = setTimeout(() => {
      this.#terminal.write("", () => {
        this.#holdsSize = false;
        this.fit();
        fitted();
      });
    }, redrawGraceMs);
  }

  /** Follows another viewer until the element changes its size. */
  follow({ cols, rows }: TerminalSize): void {
    this.#holdsSize = true;
    this.#terminal.resize(cols, rows);
    this.#holdsSize = false;
  }

  dispose(): void {
    clearTimeout(this.#redraw);
    this.#observer.disconnect();
    this.#terminal.dispose();
  }

  #useGpu(): void {
    try {
      const webgl = new WebglAddon();
      // The terminal draws with the page's own elements from then on.
      webgl.onContextLoss(() => webgl.dispose());
      this.#terminal.loadAddon(webgl);
    } catch {
      // No WebGL here: the same.
    }
  }
}
