import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Plan } from "../../src/plan/plan.ts";
import { planFile } from "../../src/store/paths.ts";
import { readRecord } from "../../src/store/play-records.ts";
import { askNameServer, lastAddress, reach } from "../fixtures/guest-dns.ts";
import { guestFacts, guestSays } from "../fixtures/guest-exec.ts";
import { bootMs, patient } from "../fixtures/patience.ts";
import { beginPlay, createPlayground, isReady, untilState } from "../fixtures/play.ts";
import { startRegistry, type TestRegistry } from "../fixtures/registry.ts";
import { type RealServer, startServer } from "../fixtures/server.ts";
import { publishImage } from "../fixtures/test-image.ts";

// One play with several networks, seen from inside its machines, each of which has another network manager that would
// rather ask for addresses: systemd-networkd, ifupdown, NetworkManager, none.

let server: RealServer;
let registry: TestRegistry;
let playId = "";
let plan: Plan;
before(
  async () => {
    registry = await startRegistry();
    const managers = await publishImage(registry, "debian-managers");
    server = await startServer();
    playId = await beginPlay(
      server,
      await createPlayground(server, "networks", text => text.replaceAll("MANAGERS", managers)),
    );
    await untilState(server, playId, "ready", isReady, bootMs * 2);
    plan = (await readRecord<Plan>(planFile(server.paths, playId))) as Plan;
  },
  { timeout: patient(900_000) },
);
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

const names = ["router", "old", "new", "hidden"] as const;
const says = (machine: string, command: string) =>
  guestSays(server.client, playId, { machine, user: "root", command, timeoutMs: patient(240_000) });

/** Shell words: wait until everything that wants to start has started, waiting for the network included. */
const booted =
  "until systemctl is-system-running --wait 2>/dev/null | grep -Eq 'running|degraded'; do sleep 0.5; done; systemctl --failed --plain --no-legend";

const questions = {
  links:
    "ip -o link show up | grep -v 'lo:' | sed -E 's/^[0-9]+: ([^:]+):.* mtu ([0-9]+) .*ether ([0-9a-f:]+).*/\\1 \\2 \\3/'",
  addresses: "ip -4 -o address show scope global | awk '{ print $2, $4 }'",
  dynamic: "ip -4 -o address show dynamic",
  routes: "ip -4 route show | sed -E 's/ (proto|scope|src|metric) [^ ]+//g; s/ +$//' | sort",
  global6: "ip -6 -o address show scope global; ip -6 route show default",
  linkLocal6: "ip -6 -o address show scope link | wc -l",
  resolver: "cat /etc/resolv.conf",
  clients: "pgrep -l dhc || true",
  managers:
    "for unit in systemd-networkd systemd-resolved networking NetworkManager; do systemctl is-active $unit; done | paste -sd' '",
  hosts: `getent ahostsv4 ${names.join(" ")} | awk '{ print $1, $3 }' | sort -u`,
  names: "grep -v '^#' /etc/hosts",
  identity: "cat /etc/ssh/ssh_host_ed25519_key.pub /etc/machine-id",
};
const look = async () => {
  const found = await Promise.all(
    names.map(machine => guestFacts(server.client, playId, { machine, user: "root" }, questions)),
  );
  return Object.fromEntries(names.map((name, index) => [name, found[index]])) as Record<
    (typeof names)[number],
    Record<keyof typeof questions, string>
  >;
};
const lines = (text: string) => text.split("\n");

describe("each network manager leaves everything as the plan says", { timeout: patient(900_000) }, () => {
  let first: Awaited<ReturnType<typeof look>>;

  test("nothing fails or waits at boot, and only the chosen manager runs", async () => {
    const failed = await Promise.all(names.map(machine => says(machine, booted)));
    assert.deepEqual(failed, ["", "", "", ""]);
    first = await look();
    assert.deepEqual(
      names.map(machine => first[machine].managers),
      [
        "active active inactive inactive",
        "inactive inactive active inactive",
        "inactive inactive inactive active",
        "inactive inactive inactive inactive",
      ],
    );
  });

  test("links in the order of the manifest, with the plan's addresses only", async () => {
    for (const machine of plan.machines) {
      const found = first[machine.name as (typeof names)[number]];
      assert.deepEqual(
        lines(found.links),
        machine.interfaces.map(({ name, mac }) => `${name} 1500 ${mac}`),
      );
      assert.deepEqual(
        lines(found.addresses),
        machine.interfaces.map(({ name, address, prefixLength }) => `${name} ${address}/${prefixLength}`),
      );
      assert.equal(found.dynamic, "");
      assert.equal(found.clients, "");
      assert.equal(found.global6, "");
      assert.equal(found.linkLocal6, String(machine.interfaces.length));
    }
    assert.deepEqual(
      names.map(machine => first[machine].addresses),
      [
        "eth0 10.10.1.50/24\neth1 10.10.3.1/24",
        "eth0 10.10.3.2/24\neth1 10.10.2.1/25",
        "eth0 10.10.2.60/25\neth1 10.10.1.2/24",
        "eth0 10.10.3.77/24",
      ],
    );
  });

  test("the default route goes by the first network that is not private, and nowhere else", () => {
    assert.deepEqual(lines(first.router.routes), [
      "10.10.1.0/24 dev eth0",
      "10.10.3.0/24 dev eth1",
      "default via 10.10.1.1 dev eth0",
    ]);
    assert.deepEqual(lines(first.old.routes), [
      "10.10.2.0/25 dev eth1",
      "10.10.3.0/24 dev eth0",
      "default via 10.10.2.100 dev eth1",
    ]);
    assert.deepEqual(lines(first.new.routes), [
      "10.10.1.0/24 dev eth1",
      "10.10.2.0/25 dev eth0",
      "default via 10.10.2.100 dev eth0",
    ]);
    // The play's own registry can be reached from everywhere.
    assert.deepEqual(lines(first.hidden.routes), ["10.10.3.0/24 dev eth0", "198.18.0.55 via 10.10.3.9 dev eth0"]);
  });

  test("resolv.conf is the platform's, whatever wanted to write it", () => {
    for (const machine of plan.machines) {
      const found = first[machine.name as (typeof names)[number]].resolver;
      assert.deepEqual(
        lines(found),
        machine.nameservers.map(address => `nameserver ${address}`),
      );
    }
    assert.equal(lines(first.hidden.resolver).length, 2);
  });

  test("after a reboot from inside all of it is the same", async () => {
    const rebooted = untilState(server, playId, "rebooting", state =>
      state.machines.some(({ state: name }) => name === "REBOOTING"),
    );
    const bootIds = await Promise.all(names.map(machine => says(machine, "cat /proc/sys/kernel/random/boot_id")));
    await Promise.all(names.map(machine => says(machine, "(sleep 1; reboot) >/dev/null 2>&1 </dev/null &")));
    await rebooted;
    for (const [index, machine] of names.entries()) {
      const deadline = Date.now() + bootMs;
      let bootId = bootIds[index];
      while (bootId === bootIds[index]) {
        if (Date.now() > deadline) assert.fail(`${machine} did not reboot`);
        bootId = await says(machine, "cat /proc/sys/kernel/random/boot_id").catch(() => bootIds[index] as string);
      }
      assert.equal(await says(machine, booted), "");
    }
    const state = await untilState(server, playId, "ready again", isReady, bootMs);
    assert.deepEqual(
      state.machines.map(({ state: name, problem }) => [name, problem]),
      names.map(() => ["RUNNING", undefined]),
    );
    assert.deepEqual(await look(), first);
  });
});

describe("between machines", { timeout: patient(600_000) }, () => {
  test("a name is the address on the first network both are on, else the machine's first", async () => {
    const resolve = (of: string[]) =>
      Object.fromEntries(of.map(name => [name, `getent ahostsv4 ${name} | head -n 1 | cut -d' ' -f1`]));
    const wanted: Record<(typeof names)[number], Record<string, string>> = {
      router: { router: "10.10.1.50", old: "10.10.3.2", new: "10.10.1.2", hidden: "10.10.3.77" },
      old: { router: "10.10.3.1", old: "10.10.3.2", new: "10.10.2.60", hidden: "10.10.3.77" },
      new: { router: "10.10.1.50", old: "10.10.2.1", new: "10.10.2.60", hidden: "10.10.3.77" },
      hidden: { router: "10.10.3.1", old: "10.10.3.2", new: "10.10.2.60", hidden: "10.10.3.77" },
    };
    const exact = {
      "router.front": "10.10.1.50",
      "router.back": "10.10.3.1",
      "old.back": "10.10.3.2",
      "old.side": "10.10.2.1",
      "new.side": "10.10.2.60",
      "new.front": "10.10.1.2",
      "hidden.back": "10.10.3.77",
    };
    for (const machine of names) {
      const asked = { ...wanted[machine], ...exact };
      const found = await guestFacts(server.client, playId, { machine, user: "root" }, resolve(Object.keys(asked)));
      assert.deepEqual(found, asked, `as seen from ${machine}`);
    }
  });

  test("the name servers of every network know them too", async () => {
    for (const [machine, gateway] of [
      ["router", "10.10.1.1"],
      ["old", "10.10.2.100"],
      ["hidden", "10.10.3.9"],
    ] as const) {
      const found = await guestFacts(
        server.client,
        playId,
        { machine, user: "root" },
        {
          exact: askNameServer(gateway, "old.side"),
          other: askNameServer(gateway, "hidden"),
        },
      );
      assert.deepEqual([lastAddress(found.exact), lastAddress(found.other)], ["10.10.2.1", "10.10.3.77"], machine);
    }
  });

  test("networks are not routed to each other, and a private one has no way out", async () => {
    const ping = (address: string) => `ping -c 1 -W 2 ${address} >/dev/null 2>&1 && echo answered || echo silent`;
    const router = await guestFacts(
      server.client,
      playId,
      { machine: "router", user: "root" },
      {
        neighbour: ping("10.10.3.77"),
        // Of machines that also stand on a network of the router, their addresses on another.
        across: ping("10.10.2.1"),
        other: ping("10.10.2.60"),
      },
    );
    assert.deepEqual(router, { neighbour: "answered", across: "silent", other: "silent" });
    const hidden = await guestFacts(
      server.client,
      playId,
      { machine: "hidden", user: "root" },
      {
        gateway: ping("10.10.3.9"),
        forced: `ip route add 10.10.1.0/24 via 10.10.3.9; ${ping("10.10.1.2")}; ip route del 10.10.1.0/24 via 10.10.3.9`,
      },
    );
    assert.deepEqual(hidden, { gateway: "answered", forced: "silent" });
  });

  test("NAT that a learner builds brings the internet to a private network, names included", async () => {
    const mirror = await says(
      "router",
      "grep -rhoE 'https?://[^/ ]+' /etc/apt/sources.list /etc/apt/sources.list.d | head -1 | cut -d/ -f3",
    );
    assert.equal(await says("router", reach(mirror, 80)), "open");
    assert.equal(await says("hidden", `getent ahostsv4 ${mirror} | wc -l`), "0");
    await says(
      "router",
      `sysctl -qw net.ipv4.ip_forward=1
       nft add table ip lab
       nft add chain ip lab out '{ type nat hook postrouting priority srcnat; }'
       nft add rule ip lab out oifname eth0 masquerade`,
    );
    await says("hidden", "ip route add default via 10.10.3.1");
    assert.equal(await says("hidden", reach(mirror, 80)), "open");
    // Without NAT a machine that routes connects two networks.
    await says("new", "ip route add 10.10.3.0/24 via 10.10.1.50");
    assert.equal(await says("new", "ping -c 1 -W 3 10.10.3.77 >/dev/null && echo answered"), "answered");
  });

  test("the gateway's hardware address is the plan's", async () => {
    for (const { gateway, gatewayMac, name } of plan.networks) {
      const machine = name === "side" ? "old" : "router";
      const found = await says(
        machine,
        `ping -c 1 -W 2 ${gateway} >/dev/null; ip neigh show ${gateway} | grep -o '[0-9a-f:]\\{17\\}'`,
      );
      assert.equal(found, gatewayMac);
    }
  });
});
