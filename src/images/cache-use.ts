import { imageLockFile, type Paths } from "../store/paths.ts";
import { withExclusiveLock, withSharedLock } from "./exclusive-lock.ts";

const lockFile = (paths: Paths) => imageLockFile(paths, "cache");

interface UseOptions {
  signal?: AbortSignal | undefined;
  onWait?: () => void;
}

/**
 * Runs `work` while nothing is removed from the image cache. Any number of processes may do so at the same time.
 * What `work` leaves has to be reachable (a name, a play) by its end, or the next `prune` takes it away.
 */
export function whileUsingCache<T>(paths: Paths, work: () => Promise<T>, options: UseOptions = {}): Promise<T> {
  return withSharedLock(lockFile(paths), work, options);
}

/** Runs `work` while nobody uses the cache; waits for that until `signal` ends it. */
export function whileAloneWithCache<T>(paths: Paths, work: () => Promise<T>, options: UseOptions = {}): Promise<T> {
  return withExclusiveLock(lockFile(paths), work, options);
}
