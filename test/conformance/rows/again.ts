import { guestExec, guestSays } from "../../fixtures/guest-exec.ts";
import { isReady } from "../../fixtures/play.ts";
import { playOf, restartPlay, until } from "../plays.ts";
import { api, inside, type Row, type Stage } from "../row.ts";

/** Everything that must be as it was, as the machine itself sees it. */
const facts = [
  "ip -4 -o address show scope global | awk '{ print $2, $4 }'",
  "cat /sys/class/net/eth*/address",
  "ip -4 route show default",
  "ping -c1 -W5 172.31.5.254 >/dev/null; ip neigh show 172.31.5.254 | cut -d' ' -f1-5",
  "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub /etc/hosts /etc/resolv.conf /etc/fstab",
  "findmnt -rno TARGET,SOURCE,FSTYPE | grep ' /dev/vd' | sort",
  "cat /root/.ssh/id_ed25519.pub",
].join("; ");

const same = (how: string): Row =>
  inside(
    "store",
    `addresses, MACs, keys, names, mounts`,
    how,
    `{ ${facts}; } >/root/after 2>&1; diff /root/before /root/after && echo as before`,
    "as before",
  );

const kept = (how: string): Row[] => [
  same(how),
  inside("store", "initTasks", `${how}: not run again`, "cat /root/runs", "run"),
  inside(
    "store",
    "drives[]",
    `${how}: data`,
    "cat /mnt/xfs/data /mnt/btrfs/data /data/below/deep/data; dd if=/dev/vda bs=8 count=1 2>/dev/null",
    "precious\nprecious\nprecious\nprecious",
  ),
  inside(
    "edge",
    "startupFiles[].append",
    `${how}: not again`,
    "grep -c 'alias k=' /home/laborant/.bashrc; grep -c printer /etc/hosts; wc -l </opt/list",
    "1\n1\n2",
  ),
];

/** Once the guest's own init takes orders: it answers earlier than that. */
const booted = "until systemctl is-system-running --wait 2>/dev/null | grep -Eq 'running|degraded'; do sleep 0.3; done";

export const afterReboot: Stage = {
  title: "After a reboot from inside",
  play: "fields",
  async reach(world) {
    const playId = playOf("fields", world);
    const { client } = world.server;
    const say = (machine: string, command: string) => guestSays(client, playId, { machine, user: "root", command });
    const write = ["/mnt/xfs", "/mnt/btrfs", "/data/below/deep"].map(directory => `echo precious >${directory}/data`);
    await say("store", `${write.join("; ")}; printf precious >/dev/vda; { ${facts}; } >/root/before 2>&1; sync`);
    for (const machine of ["store", "edge"]) {
      await say(machine, booted);
      await guestExec(client, playId, { machine, user: "root", command: "systemctl reboot" }).catch(() => {
        // The connection may end before the answer.
      });
      await until(world, playId, "rebooting", state =>
        state.machines.some(({ name, state: now }) => name === machine && now === "REBOOTING"),
      );
    }
    await until(world, playId, "ready again", isReady);
  },
  rows: [
    ...kept("reboot"),
    api(
      "machines[]",
      "reboot: states",
      async ({ server, playId }) =>
        (await server.client.getPlayState(playId)).machines
          .map(({ name, state, problem }) => `${name} ${state}${problem ? ` ${problem.code}` : ""}`)
          .join(", "),
      "edge RUNNING, store RUNNING, inner RUNNING",
    ),
  ],
};

export const afterRestart: Stage = {
  title: "After stop and restart of the play",
  play: "fields",
  async reach(world) {
    const playId = playOf("fields", world);
    await restartPlay(playId, world);
  },
  rows: kept("restart"),
  leave: async world => {
    await world.server.client.act(playOf("fields", world), { action: "destroy" });
  },
};
