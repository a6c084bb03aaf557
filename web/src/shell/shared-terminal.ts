import type { SharedShell } from "../../../src/api/contract/shells.ts";
import { Problem } from "../../../src/api/problems.ts";
import type { TerminalSource } from "../terminal/terminal-connection.ts";

const askAgainMs = 2000;

/** The one terminal that everybody at this address looks at, as soon as its machine can be reached. */
export function sharedTerminal(onShell: (shell: SharedShell) => void): TerminalSource {
  return {
    async socketUrl({ cols, rows }) {
      for (;;) {
        const shell = await askForShell();
        onShell(shell);
        if (shell.ready) return `${location.origin.replace(/^http/, "ws")}/socket?cols=${cols}&rows=${rows}`;
        await new Promise(resolve => setTimeout(resolve, askAgainMs));
      }
    },
    ended: () => {
      // The server opens another one for the next dial.
    },
  };
}

async function askForShell(): Promise<SharedShell> {
  const response = await fetch("/shell.json").catch(() => undefined);
  if (response === undefined || response.status >= 500) throw new Problem("server/unreachable");
  if (response.ok) return (await response.json()) as SharedShell;
  throw response.status === 401
    ? new Problem("server/not-authenticated", { message: "This shell is private. Reload the page to log in." })
    : new Problem("server/not-found", { message: "This shell is not shared any more." });
}
