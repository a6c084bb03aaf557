import type { Client } from "../../../src/api/client.ts";
import type { TerminalSource } from "./terminal-connection.ts";

interface RememberedTerminal {
  client: Client;
  playId: string;
  machine: string;
  /** Remembers the session, so that a reload shows it again. */
  storageKey: string;
}

/** The session remembered from an earlier page if it still lives, else a new one. */
export function rememberedTerminal({ client, playId, machine, storageKey }: RememberedTerminal): TerminalSource {
  return {
    async socketUrl(size) {
      const remembered = localStorage.getItem(storageKey);
      if (remembered !== null) {
        const alive = (await client.listTerminals(playId)).some(
          ({ id, machine: on }) => id === remembered && on === machine,
        );
        if (alive) return (await client.createTerminalTicket(playId, remembered)).url;
        localStorage.removeItem(storageKey);
      }
      const { id, url } = await client.openTerminal(playId, { machine, ...size });
      localStorage.setItem(storageKey, id);
      return url;
    },
    ended: () => localStorage.removeItem(storageKey),
  };
}
