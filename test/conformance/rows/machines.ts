import { createHash } from "node:crypto";
import { Problem } from "../../../src/api/problems.ts";
import { shellQuote } from "../../../src/provisioning/shell-quote.ts";
import { guestExec } from "../../fixtures/guest-exec.ts";
import { getPort } from "../../fixtures/http-port.ts";
import { untilStarted } from "../../fixtures/play.ts";
import { dataDigest } from "../data-image.ts";
import { startPlay } from "../plays.ts";
import { machinesOf, tried } from "../tried.ts";
import { api, type ApiQuestion, inside, type Row, type Stage, type World } from "../row.ts";

/** Nobody gets a shell on a noSSH machine from outside, so another machine of the play looks into it. */
const inner = (field: string, written: string, command: string, expected: Row["expected"]): Row =>
  inside("edge", field, written, `ssh -o BatchMode=yes inner ${shellQuote(command)}`, expected);

const exec =
  (machine: string, options: { user?: string; command?: string; pty?: boolean }): ApiQuestion =>
  async ({ server, playId }) => {
    const { pty, ...body } = options;
    const { stdout, stderr } = await guestExec(server.client, playId, {
      machine,
      ...body,
      ...(pty ? { pty: { cols: 100, rows: 30 }, input: "echo e$((40+2))d; exit\n" } : {}),
    });
    return (stdout + stderr).trim();
  };

const refusal = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "allowed",
    error => Problem.from(error).message,
  );

const tabs: ApiQuestion = async ({ server, playId }) => {
  const { tabs: found } = await server.client.getPlay(playId);
  return found.map(tab => `${tab.kind} ${tab.id} "${tab.name}"`).join("\n");
};

const notices: ApiQuestion = async ({ server, playId }) =>
  (await server.client.getPlayState(playId)).notices.map(({ code, message }) => `${code}: ${message}`).join("\n");

async function openApp({ server, playId }: World, tabId: string): Promise<string> {
  const tab = (await server.client.getPlay(playId)).tabs.find(({ id }) => id === tabId);
  const port = (await server.client.listPorts(playId)).find(({ id }) => id === tab?.portId);
  const { status, body } = await getPort(new URL("/page?x=1", port?.url).href);
  return status === 200 ? `200 ${body}` : String(status);
}

const address = "ip -4 -o address show scope global | awk '{ print $2, $4 }'";
const defaultRoute = "ip -4 route show default | grep -o '.* eth[0-9]'";
const sizes = (devices: string) => `for d in ${devices}; do echo "$d $(($(cat /sys/block/$d/size) / 2048))MiB"; done`;
const mounted = (path: string) =>
  `findmnt -no SOURCE,FSTYPE ${path} | tr -s ' '; grep '\t${path}\t' /etc/fstab | tr '\t' ' ' | sed 's/UUID=[-0-9a-f]*/UUID=…/'`;
const stat = (path: string) => `stat -c '%U:%G %a' ${path}`;

const networks: Row[] = [
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

const kernelAndResources: Row[] = [
  inside("edge", "machines[].kernel.source", '"6.1"', "uname -r", /^6\.1\./),
  inside(
    "edge",
    "kernel modules",
    "nothing",
    "modprobe -a overlay br_netfilter nf_conntrack wireguard && grep -Ec '^(overlay|br_netfilter|nf_conntrack|wireguard) ' /proc/modules",
    "4",
  ),
  api(
    "machines[].backend",
    "firecracker (not here)",
    notices,
    /^vm\/backend-substituted: .*"edge".*firecracker.*qemu/m,
  ),
  inside(
    "edge",
    "machines[].resources",
    "1 vCPU, 0.75GiB",
    `nproc; awk '/MemTotal/ { print ($2 > 640 * 1024 && $2 <= 768 * 1024 ? "about 768 MiB" : $2) }' /proc/meminfo`,
    "1\nabout 768 MiB",
  ),
  inside(
    "store",
    "machines[].resources",
    "8 vCPU, 2GiB (limit 2, 1GiB)",
    `nproc; awk '/MemTotal/ { print ($2 > 850 * 1024 && $2 <= 1024 * 1024 ? "about 1 GiB" : $2) }' /proc/meminfo`,
    "2\nabout 1 GiB",
  ),
  inner(
    "machines[].resources",
    "absent",
    `nproc; awk '/MemTotal/ { print ($2 > 640 * 1024 && $2 <= 768 * 1024 ? "about 768 MiB" : $2) }' /proc/meminfo`,
    "2\nabout 768 MiB",
  ),
  api(
    "machines[].resources",
    "scaled down: told at the start",
    notices,
    /^resources\/scaled-down: .*"store" gets 2 instead of 8 vCPU and 1024 instead of 2048 MiB/m,
  ),
  api(
    "machines[].resources",
    "shown by status",
    async ({ server, playId }) => (await server.cli(["playground", "status", playId])).stdout,
    /^edge .*1 vCPU, 768MiB[\s\S]*^store .*2 vCPU, 1GiB[\s\S]*^inner .*2 vCPU, 768MiB/m,
  ),
];

const hostMemory: Row = api(
  "machines[].resources",
  "2304MiB, beside 2560MiB on a host that gives 4096MiB",
  world => tried(world, machinesOf(["a", "b", "c"]), async () => "started"),
  /^server\/host-full: .*needs 2304MiB.*limit of this host/,
);

const users: Row[] = [
  api("users[].default", "laborant, second in the list", exec("edge", { command: "id -un" }), "laborant"),
  api("users[].default", "absent", exec("store", { command: "id -un" }), "laborant"),
  api("users[].name", "root is not listed", exec("store", { user: "root", command: "id -un" }), "root"),
  api("users[].welcome", "a text", exec("edge", { pty: true }), /^The app listens on port 8080\./m),
  api("users[].welcome", "starts with #!", exec("edge", { user: "root", pty: true }), /^computed: 42/m),
  inside(
    "edge",
    "users[].welcome",
    "is shown once",
    "ls /root/.welcome /home/laborant/.welcome 2>&1 | grep -c 'No such file'",
    "2",
  ),
  inner("users[].welcome", "'-'", "ls -A /root | grep -c welcome", "0"),
  inside(
    "edge",
    "trust between machines",
    "root and laborant, every machine",
    'for u in root laborant; do for m in store root@inner; do su $u -c "ssh -o BatchMode=yes $m hostname"; done; done',
    "store\ninner\nstore\ninner",
  ),
];

const drives: Row[] = [
  inside(
    "store",
    "drives[]",
    "24 of them",
    "ls /sys/block | grep -E '^vd[a-x]$' | tr -d '\\n'",
    Array.from("abcdefghijklmnopqrstuvwx", letter => `vd${letter}`).join(""),
  ),
  inside(
    "store",
    "drives[].size",
    "in list order: 1GiB, 6GiB, 1088MiB … 3GiB",
    sizes("vda vdb vdc vdd vdw vdx"),
    "vda 1024MiB\nvdb 6144MiB\nvdc 1088MiB\nvdd 1152MiB\nvdw 2304MiB\nvdx 3072MiB",
  ),
  inside("store", "drives[].size", "absent on a data drive", sizes("vdl"), "vdl 5120MiB"),
  inside(
    "edge",
    "drives[].size",
    "absent on the root drive",
    `${sizes("vda")}; df -B1 --output=size / | tail -1 | awk '{ print ($1 > 9.5 * 2^30 ? "filled" : $1) }'`,
    "vda 10240MiB\nfilled",
  ),
  inside(
    "store",
    "drives[].mount",
    "/ on the second drive",
    "findmnt -no SOURCE,FSTYPE /; df -B1 --output=size / | tail -1 | awk '{ print ($1 > 5.6 * 2^30 ? \"filled\" : $1) }'",
    "/dev/vdb ext4\nfilled",
  ),
  inside(
    "store",
    "drives[]",
    "only a size",
    "blkid -p /dev/vda >/dev/null && echo formatted || echo raw; grep -c vda /etc/fstab /proc/mounts | cut -d: -f2",
    "raw\n0\n0",
  ),
  inside(
    "store",
    "drives[].filesystem",
    "ext4, no mount",
    "blkid -o value -s TYPE /dev/vdh; grep -c vdh /proc/mounts",
    "ext4\n0",
  ),
  inside(
    "store",
    "drives[].mount",
    "/data/below/deep, listed before /data",
    `${mounted("/data/below/deep")}`,
    "/dev/vdc ext4\nUUID=… /data/below/deep ext4 defaults,nofail 0 0",
  ),
  inside(
    "store",
    "drives[].filesystem",
    "ext3",
    mounted("/data"),
    /^\/dev\/vdd ext3\nUUID=… \/data ext3 defaults,nofail 0 0/,
  ),
  inside(
    "store",
    "drives[].filesystem",
    "ext2",
    mounted("/mnt/ext2"),
    "/dev/vde ext2\nUUID=… /mnt/ext2 ext2 defaults,nofail 0 0",
  ),
  inside(
    "store",
    "drives[].filesystem",
    "xfs",
    mounted("/mnt/xfs"),
    "/dev/vdf xfs\nUUID=… /mnt/xfs xfs defaults,nofail 0 0",
  ),
  inside(
    "store",
    "drives[].filesystem",
    "btrfs",
    mounted("/mnt/btrfs"),
    "/dev/vdg btrfs\nUUID=… /mnt/btrfs btrfs defaults,nofail 0 0",
  ),
  inside(
    "store",
    "drives[].filesystem",
    "absent, with a mount",
    mounted("/mnt/default"),
    "/dev/vdl ext4\nUUID=… /mnt/default ext4 defaults,nofail 0 0",
  ),
  inside(
    "store",
    "drives[].readOnly",
    "true, empty and mounted",
    `${mounted("/mnt/read-only")}; cat /sys/block/vdi/ro; touch /mnt/read-only/x 2>&1 | grep -o 'Read-only file system'`,
    "/dev/vdi ext4\nUUID=… /mnt/read-only ext4 defaults,nofail,ro 0 0\n1\nRead-only file system",
  ),
  inside(
    "store",
    "drives[].source",
    "oci://…/lab/data:v1, mounted",
    "cat /srv/site/pages/index.html; findmnt -no SOURCE,OPTIONS /srv/site | cut -d, -f1 | tr -s ' '; grep -c /srv/site /etc/fstab",
    "hello from the image\n/dev/vdj rw\n1",
  ),
  inside(
    "store",
    "drives[].source",
    `oci://…/lab/data@${dataDigest.slice(0, 14)}…, not mounted`,
    "blkid -o value -s TYPE /dev/vdk; cat /sys/block/vdk/ro; mount -o ro /dev/vdk /media && cat /media/pages/index.html; umount /media",
    "ext4\n1\nhello from the image",
  ),
  inside(
    "store",
    "drives[]: owner of a new file system",
    "nothing",
    "stat -c %U:%G /data /mnt/xfs /mnt/btrfs | sort -u",
    "root:root",
  ),
];

const startupFiles: Row[] = [
  inside(
    "edge",
    "startupFiles[].append",
    "true, to ~/.bashrc",
    `tail -1 /home/laborant/.bashrc; ${stat("/home/laborant/.bashrc")}; [ $(wc -l </home/laborant/.bashrc) -gt 5 ] && echo kept`,
    "alias k=kubectl\nlaborant:laborant 644\nkept",
  ),
  inside(
    "edge",
    "startupFiles[].append",
    "true, no newline before",
    "cat /opt/list",
    "no newline at the end\nsecond line",
  ),
  inside(
    "edge",
    "startupFiles[].append",
    "true, to /etc/hosts",
    "getent hosts printer; grep -c store.lan /etc/hosts",
    /^10\.31\.0\.99 +printer\n1$/,
  ),
  inside(
    "edge",
    "startupFiles[].owner",
    "laborant",
    `${stat("/home/laborant/.config/app/settings")}; ${stat("/home/laborant/.config")}; ${stat("/home/laborant/.config/app")}`,
    "laborant:laborant 600\nlaborant:laborant 755\nlaborant:laborant 755",
  ),
  inside("edge", "startupFiles[].owner", "1234:5678", "stat -c '%u:%g' /opt/numbers", "1234:5678"),
  inside("edge", "startupFiles[].owner", "laborant:adm", stat("/opt/group"), "laborant:adm 644"),
  inside("edge", "startupFiles[].owner", "1001 (the number alone)", stat("/opt/bytes"), "laborant:laborant 644"),
  inside("edge", "startupFiles[].owner", "absent", stat("/etc/motd"), "root:root 644"),
  inside("edge", "startupFiles[].mode", '"0755"', "stat -c %a /opt/numbers", "755"),
  inside(
    "edge",
    "startupFiles[].content",
    "control characters, CR, quotes, no end of line",
    "sha256sum </opt/bytes | cut -c1-16",
    createDigest("\x01\x7f\té 漢 \r\n$(id) `id` 'quote' no end"),
  ),
  inside("edge", "startupFiles[].content", "empty", "wc -c </opt/group", "0"),
  inside("edge", "startupFiles[].content", "replaces a file", "cat /etc/motd", "replaced"),
  inside("edge", "startupFiles[].path", "through a link of the image", "cat /srv/through-link", "linked"),
  inside(
    "store",
    "startupFiles[].path",
    "through a link with ../../../ of a data drive",
    "cat /srv/outside; ls /srv/site/escape/outside",
    "stayed inside\n/srv/site/escape/outside",
  ),
  inside(
    "store",
    "startupFiles[].path",
    "below the mount of another drive",
    "cat /data/below/deep/file; umount /data/below/deep && ls -A /data/below/deep; mount /data/below/deep",
    "on the drive",
  ),
];

const noSSH: Row[] = [
  api(
    "noSSH",
    "true: a shell",
    async ({ server, playId }) => refusal(server.client.openTerminal(playId, { machine: "inner" })),
    /noSSH/,
  ),
  api(
    "noSSH",
    "true: a command",
    async ({ server, playId }) => refusal(server.client.exec(playId, { machine: "inner", command: "id" })),
    /noSSH/,
  ),
  api(
    "noSSH",
    "true: labyard ssh",
    async ({ server, playId }) =>
      (await server.cli(["ssh", playId, "-m", "inner", "--", "id"], { allowFailure: true })).stderr,
    /noSSH/,
  ),
  inner("noSSH", "true: ssh from another machine", "hostname", "inner"),
  api(
    "noSSH",
    "true: an init task",
    async ({ server, playId }) =>
      (await server.client.listTasks(playId)).find(({ name }) => name === "init_on_hidden")?.stdout.trim() ?? "",
    "ran on inner",
  ),
  api("noSSH", "true: a terminal tab", tabs, /^(?![\s\S]*terminal-inner)/),
];

const tabRows: Row[] = [
  api("tabs[].kind", "absent: machine: edge", tabs, /^terminal terminal-edge "edge"$/m),
  api("tabs[].id", "absent, the second of its kind", tabs, /^terminal terminal-edge-2 "Second shell"$/m),
  api("tabs[].id", "handbook", tabs, /^web-page handbook "Docs"$/m),
  api(
    "tabs[].url",
    "https://example.com/docs",
    async ({ server, playId }) =>
      (await server.client.getPlay(playId)).tabs.find(({ id }) => id === "handbook")?.url ?? "",
    "https://example.com/docs",
  ),
  api(
    "tabs[].hostRewrite, pathRewrite",
    "app.internal, /base",
    world => openApp(world, "http-port-edge"),
    "200 /base/page?x=1 for app.internal",
  ),
  api("tabs[].access", "public", world => openApp(world, "http-port-edge"), /^200 /),
  api("tabs[].access", "private", world => openApp(world, "http-port-inner"), "401"),
];

export const machines: Stage = {
  title: "Inside the machines",
  play: "fields",
  async reach(world) {
    const playId = await startPlay("fields", world);
    await untilStarted(world.server, playId);
  },
  rows: [...networks, ...kernelAndResources, hostMemory, ...users, ...drives, ...startupFiles, ...noSSH, ...tabRows],
};

function createDigest(content: string): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
