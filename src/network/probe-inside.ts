/** The half of `probeNetwork` that runs inside the namespaces; prints one finding a line. Started by probe.ts only. */
import { Resolver } from "node:dns/promises";
import { connect } from "node:net";
import { Scope } from "../lib/scope.ts";
import type { Plan } from "../plan/plan.ts";
import { waitForEgress } from "./egress.ts";
import { reasonOf } from "./failure.ts";
import { applyKernelSettings } from "./kernel-settings.ts";
import { createLinks } from "./links.ts";
import type { NetworkFinding, ProbeTargets } from "./probe-finding.ts";
import { startNameServers } from "./resolver.ts";
import { loadRules } from "./rules.ts";

const plan = JSON.parse(process.argv[2] ?? "") as Plan;
const targets = JSON.parse(process.argv[3] ?? "") as ProbeTargets;
const signal = AbortSignal.timeout(30_000);
await using scope = new Scope("network probe");

report({
  check: "kernel-settings",
  ...(await attempt(applyKernelSettings, "forwarding can be switched on in a play")),
});
report({
  check: "packet-filter",
  ...(await attempt(() => loadRules(plan, scope, signal), "nftables takes the rules of a play, masquerade included")),
  ...actionFor("modprobe -a nf_tables nft_masq nft_ct nft_reject_inet nf_tables_bridge"),
});
const links = await attempt(() => createLinks(plan, scope, signal), "a bridge and a tap can be made");
report({
  check: "bridge-and-tap",
  ...links,
  ...actionFor("modprobe -a bridge tun; chmod 0666 /dev/net/tun"),
});
if (links.status === "ok") {
  report({
    check: "name-server",
    ...(await attempt(() => startNameServers(plan, scope, signal), "dnsmasq answers for a play")),
  });
}
await checkUplink();

async function checkUplink(): Promise<void> {
  if (!(await waitForEgress(signal, 8000))) {
    const action = "Run 'pasta --version'; without it plays run but have no way to the internet.";
    return report({ check: "uplink", status: "failed", message: "pasta did not attach to the namespace", action });
  }
  const { reachable, loopbackPort } = targets;
  if (reachable === undefined) {
    report({ check: "uplink", status: "degraded", message: "pasta attaches, but this host has no network itself" });
  } else if (await opens(reachable.address, reachable.port)) {
    report({ check: "uplink", status: "ok", message: "pasta carries connections out of a play" });
  } else {
    const message = `pasta attaches, but a connection to ${reachable.address} did not come through`;
    report({ check: "uplink", status: "failed", message });
  }
  const { gateway, dns } = plan.egress;
  const leaks = (await Promise.all([gateway, dns].map(target => opens(target, loopbackPort)))).includes(true);
  report(
    leaks
      ? { check: "host-loopback", status: "failed", message: "a play can reach services on this host's loopback" }
      : { check: "host-loopback", status: "ok", message: "a play cannot reach services on this host's loopback" },
  );
  report(
    (await hostResolves())
      ? { check: "internet-names", status: "ok", message: "this host's name server answers a play" }
      : {
          check: "internet-names",
          status: "degraded",
          message: "this host's name server does not answer a play: its machines cannot resolve internet names",
          action: "Check the first nameserver in /etc/resolv.conf.",
        },
  );
}

async function attempt(
  work: () => Promise<unknown>,
  good: string,
): Promise<Pick<NetworkFinding, "status" | "message">> {
  try {
    await work();
    return { status: "ok", message: good };
  } catch (error) {
    return { status: "failed", message: reasonOf(error) };
  }
}

/** Shown with a failure only. */
function actionFor(commands: string): Pick<NetworkFinding, "action"> {
  return { action: `As root: ${commands}` };
}

function report(finding: NetworkFinding): void {
  const { action, ...rest } = finding;
  console.log(JSON.stringify(finding.status === "ok" || action === undefined ? rest : finding));
}

function opens(host: string, port: number): Promise<boolean> {
  return new Promise(done => {
    const socket = connect({ host, port, timeout: 1500 });
    const end = (open: boolean) => {
      socket.destroy();
      done(open);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}

/** Any answer will do: a name under .invalid does not exist (RFC 2606), and being told so is an answer. */
async function hostResolves(): Promise<boolean> {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  resolver.setServers([plan.egress.dns]);
  const code = await resolver.resolve4("probe.labyard.invalid").then(
    () => "answered",
    (error: NodeJS.ErrnoException) => error.code,
  );
  return ["answered", "ENOTFOUND", "ENODATA", "EREFUSED"].includes(code ?? "");
}
