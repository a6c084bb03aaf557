import { useSyncExternalStore } from "react";
import { Problem } from "../../../src/api/problems.ts";
import { labyard } from "./labyard.ts";

let reachable = true;
const listeners = new Set<() => void>();

/** Every request and stream tells here whether it got through to the server. */
export function reportReachable(now: boolean): void {
  if (reachable === now) return;
  reachable = now;
  for (const listener of listeners) listener();
}

/** A failed request: only "nobody answers" says something about the connection. */
export function reportFailure(error: unknown): void {
  reportReachable(!(error instanceof Problem && error.code === "server/unreachable"));
}

/** Asks the server for a sign of life. */
export async function checkConnection(): Promise<boolean> {
  try {
    await labyard.health(AbortSignal.timeout(5000));
    reportReachable(true);
  } catch {
    reportReachable(false);
  }
  return reachable;
}

export function useReachable(): boolean {
  return useSyncExternalStore(
    listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => reachable,
  );
}
