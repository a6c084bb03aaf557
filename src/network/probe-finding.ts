/** One line of `labyard doctor` about the network. */
export interface NetworkFinding {
  check: string;
  status: "ok" | "degraded" | "failed";
  /** What was tried, what came of it, and what it means for plays. */
  message: string;
  /** What the operator can do about it. */
  action?: string;
}

/** What the probe inside the namespaces needs to know of the host outside. */
export interface ProbeTargets {
  /** A listener on an address of the host that the namespace must reach; undefined: the host has only loopback. */
  reachable?: { address: string; port: number };
  /** A listener on the host's loopback that the namespace must not reach. */
  loopbackPort: number;
}
