import { inside, type Row } from "../../row.ts";
import { inner } from "./questions.ts";

const address = "ip -4 -o address show scope global | awk '{ print $2, $4 }'";
const defaultRoute = "ip -4 route show default | grep -o '.* eth[0-9]'";

export const networks: Row[] = [
  inside(
    "edge",
    "networks[].gateway",
    "absent (10.31.0.0/24)",
    `${defaultRoute}; ping -c1 -W5 10.31.0.1 >/dev/null && echo answers`,
    "default via 10.31.0.1 dev eth1\nanswers",
  ),
  inside(
    "store",
    "networks[].gateway",
    "172.31.5.254",
    `${defaultRoute}; ping -c1 -W5 172.31.5.254 >/dev/null && echo answers`,
    "default via 172.31.5.254 dev eth0\nanswers",
  ),
  inner(
    "networks[].private",
    "true",
    `${defaultRoute} | wc -l; ping -c1 -W2 10.31.0.1 >/dev/null 2>&1 || echo no way out`,
    "0\nno way out",
  ),
  inside(
    "edge",
    "networks[].subnet",
    "10.31.0.0/24, 192.168.77.0/24",
    "ip -4 route show scope link | cut -d' ' -f1 | sort -u",
    "10.31.0.0/24\n192.168.77.0/24",
  ),
  inside(
    "edge",
    "interfaces[]",
    "vault, lan (static), lan",
    address,
    "eth0 192.168.77.2/24\neth1 10.31.0.10/24\neth2 10.31.0.2/24",
  ),
  inside(
    "store",
    "interfaces[].address",
    "172.31.5.20/24, then none",
    address,
    "eth0 172.31.5.20/24\neth1 10.31.0.3/24",
  ),
  inside(
    "edge",
    "default route",
    "vault (private) before lan",
    "ip -4 route get 1.1.1.1 | head -1 | grep -o 'dev eth[0-9]'",
    "dev eth1",
  ),
  inside("edge", "MTU", "nothing", "cat /sys/class/net/eth*/mtu | sort -u", "1500"),
  inside(
    "edge",
    "IPv6",
    "nothing",
    "ip -6 -o address show dev eth1 | awk '{ print $4 }' | cut -d: -f1; ip -6 route show default | wc -l",
    "fe80\n0",
  ),
  inside(
    "edge",
    "machines[].name",
    "store, seen from edge",
    "getent ahostsv4 store | awk '/STREAM/ { print $1 }'",
    "10.31.0.3",
  ),
  inside(
    "edge",
    "machines[].name",
    "store.dmz, store.lan",
    "for n in store.dmz store.lan edge.lan; do getent ahostsv4 $n | awk '/STREAM/ { print $1 }'; done",
    "172.31.5.20\n10.31.0.3\n10.31.0.10",
  ),
  inside(
    "store",
    "machines[].name",
    "store",
    "hostname; cat /etc/hostname; getent ahostsv4 store | awk '/STREAM/ { print $1 }'",
    "store\nstore\n172.31.5.20",
  ),
  inside(
    "store",
    "networks are isolated",
    "store has no interface on vault",
    "ping -c1 -W2 192.168.77.9 >/dev/null 2>&1 && echo reached || echo isolated",
    "isolated",
  ),
  inside(
    "edge",
    "a router between two networks",
    "edge stands on lan and vault",
    "ping -c1 -W5 10.31.0.3 >/dev/null && ping -c1 -W5 192.168.77.9 >/dev/null && echo both",
    "both",
  ),
];
