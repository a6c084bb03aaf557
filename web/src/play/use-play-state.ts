import { useEffect, useState } from "react";
import type { PlayState } from "../../../src/api/play-state.ts";
import { checkConnection } from "../app/connection.ts";
import { labyard } from "../app/labyard.ts";

interface Watched {
  state: PlayState | undefined;
  /** Why the server refuses to tell about the play. */
  error: unknown;
}

/** The play's state, live. A lost stream is dialled again by itself. */
export function usePlayState(playId: string): Watched {
  const [watched, setWatched] = useState<Watched>({ state: undefined, error: undefined });
  useEffect(() => {
    const stop = new AbortController();
    setWatched({ state: undefined, error: undefined });
    void follow(playId, stop.signal, setWatched);
    return () => stop.abort();
  }, [playId]);
  return watched;
}

async function follow(playId: string, signal: AbortSignal, show: (watched: Watched) => void): Promise<void> {
  const onConnection = (connected: boolean) => {
    if (!connected && !signal.aborted) void checkConnection();
  };
  let shown = "";
  try {
    for await (const message of labyard.watchPlay(playId, { signal, onConnection })) {
      if (message.kind !== "state" || signal.aborted) continue;
      // The server repeats itself every few seconds; nothing needs to be drawn again for that.
      const text = JSON.stringify(message.state);
      if (text !== shown) show({ state: message.state, error: undefined });
      shown = text;
    }
  } catch (error) {
    if (!signal.aborted) show({ state: undefined, error });
  }
}
