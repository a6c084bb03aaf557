import { useEffect } from "react";
import { checkConnection, useReachable } from "./connection.ts";
import { refreshEverything } from "./queries.ts";

const retryMs = 2000;

/** Stands above every page while the server does not answer, and asks it again until it does. */
export function ConnectionBanner() {
  const reachable = useReachable();
  useEffect(() => {
    if (reachable) return undefined;
    const check = async () => {
      if (await checkConnection()) refreshEverything();
    };
    const timer = setInterval(() => void check(), retryMs);
    return () => clearInterval(timer);
  }, [reachable]);
  return (
    <div role="status">
      {!reachable && (
        <div className="banner tone-bad">
          The Labyard server does not answer. What you see may be old; trying again every {retryMs / 1000} seconds.
        </div>
      )}
    </div>
  );
}
