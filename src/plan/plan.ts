import type { NoticeCode } from "../api/problems/notices.ts";
import type { FindingCode } from "../manifest/finding.ts";

/**
 * What a play will be, concretely: every name, address, size, device and order decided, nothing acquired yet.
 *
 * A plan is plain JSON (it is stored as plays/<id>/plan.json) and the only vocabulary in which images, drives,
 * network, vm, provisioning and access meet. After planning no field is undefined unless its type says so.
 */
export interface Plan {
  /** 24 lower-case hex digits */
  playId: string;
  playground: { name: string; title: string };
  networks: NetworkPlan[];
  egress: EgressPlan;
  registry: RegistryPlan;
  machines: MachinePlan[];
  /** In an order that respects `needs`; only tasks whose conditions match exist here. */
  tasks: TaskPlan[];
  tabs: TabPlan[];
  /** Every declared key with its chosen value; a nullable one left empty is "". */
  initConditions: Record<string, string>;
  /** True when the playground declares conditions at all (then the guest gets the file). */
  hasInitConditions: boolean;
  /** What the user should know before the machines run: scaled resources, fields accepted but not acted upon. */
  notices: PlanNotice[];
}

export interface PlanNotice {
  code: NoticeCode | FindingCode;
  message: string;
  machine?: string;
  path?: string;
}

export interface NetworkPlan {
  name: string;
  /** Bridge interface inside the play's namespace: br0, br1, … in manifest order. */
  bridge: string;
  /** Network address without host bits, e.g. 172.16.0.0 */
  subnet: string;
  prefixLength: number;
  /** Address of the bridge itself. */
  gateway: string;
  /** Derived from play and network; the same for the life of the play. */
  gatewayMac: string;
  /** No NAT, no default route, no way out. */
  private: boolean;
}

/** The play's own way out: addresses of its namespace's uplink, outside every network of the play. */
export interface EgressPlan {
  /** Address of the play's namespace on the uplink. */
  address: string;
  prefixLength: number;
  gateway: string;
  /** UDP queries sent here reach the host's own name server. */
  dns: string;
  /** Second name server of machines that have only private networks; it answers those who found a route to it. */
  resolver: string;
  /** Addresses of this host: no guest may reach them, public ones included. */
  hostAddresses: string[];
}

/** The play's own container registry, for its machines and nobody else. */
export interface RegistryPlan {
  /** In the play's namespace, outside all of its networks; port 443. */
  address: string;
  /** The first is the one that images rely on. */
  names: string[];
  /** "user:password"; undefined: anybody in the play may push and pull. */
  auth?: string;
  /** What may be stored. */
  maxBytes: number;
}

export interface MachinePlan {
  name: string;
  /** Position in the manifest, from 0. */
  index: number;
  vcpus: number;
  memoryMiB: number;
  /** What the manifest asked for, where it asked. */
  requested: { vcpus?: number; memoryMiB?: number; backend?: string };
  backend: "qemu" | "firecracker" | "cloud-hypervisor";
  /** Kernel version from the catalogue, "6.1" */
  kernel: string;
  users: UserPlan[];
  /** Login user of terminals and ssh. */
  defaultUser: string;
  drives: DrivePlan[];
  interfaces: InterfacePlan[];
  /** Of the interface with the default route, else of the first one: where exposed ports are looked for. */
  mainAddress: string;
  /** Gateway of the first non-private network among the interfaces; undefined when all are private. */
  defaultGateway?: string;
  nameservers: string[];
  /** The guest's name table as this machine sees the play: one line per address. */
  hosts: HostsEntry[];
  startupFiles: StartupFilePlan[];
  noSSH: boolean;
}

export interface HostsEntry {
  address: string;
  names: string[];
}

export interface UserPlan {
  name: string;
  /** Text for ~/.welcome; null deletes it (`welcome: '-'`); undefined leaves the image's own. */
  welcome?: string | null;
}

export interface DrivePlan {
  /** Position in the manifest, from 0; the guest sees them in this order. */
  index: number;
  /** vda … vdx */
  device: string;
  /** Canonical image reference ("oci://host/repo:tag" or a named image), undefined for an empty drive. */
  source?: string;
  /** "/" for the root drive; undefined when not mounted. */
  mount?: string;
  sizeBytes: number;
  /** False: the default was taken and the drive may grow to fit its image. */
  sizeIsExplicit: boolean;
  /** undefined: raw, unformatted */
  filesystem?: "ext4" | "ext3" | "ext2" | "xfs" | "btrfs";
  readOnly: boolean;
}

/** A drive as it lies on the host: what src/drives makes and src/vm attaches. */
export interface DriveFile {
  path: string;
  format: "qcow2" | "raw";
  readOnly: boolean;
  /** The base below an overlay; it is never written to. */
  backing?: { path: string; format: "raw" };
}

export interface InterfacePlan {
  /** eth0, eth1, … in manifest order */
  name: string;
  network: string;
  bridge: string;
  /** Tap device inside the play's namespace, e.g. m0e0 */
  tap: string;
  mac: string;
  address: string;
  prefixLength: number;
}

export interface StartupFilePlan {
  path: string;
  content: string;
  append: boolean;
  /** As written: user, user:group, uid or uid:gid; resolved against the image's own accounts. undefined: default 0:0 */
  owner?: string;
  /** Octal digits without leading zero; undefined: default 644 */
  mode?: string;
}

export interface TaskPlan {
  name: string;
  machine: string;
  user: string;
  run: string;
  /** Only tasks that exist in this play. */
  needs: string[];
  timeoutSeconds: number;
}

export interface TabPlan {
  id: string;
  kind: "terminal" | "ide" | "http-port" | "web-page" | "kexp";
  name: string;
  machine?: string;
  number?: number;
  access?: "private" | "public";
  tls?: boolean;
  hostRewrite?: string;
  pathRewrite?: string;
  url?: string;
  pane?: "left" | "right";
}

/** What planning needs to know of this host and its configuration; everything else is in the manifest. */
export interface HostFacts {
  limits: {
    machine: { vcpus: number; memoryMiB: number };
    play: { vcpus: number; memoryMiB: number };
  };
  /** Kernel versions that can be booted here. */
  kernels: string[];
  /** Backends whose executed probe passed. */
  backends: Array<MachinePlan["backend"]>;
  acceleration: "kvm" | "tcg";
  /** IPv4 addresses of this host's interfaces, loopback left out; undefined: unknown. */
  addresses?: string[];
  /** The operator's named images: what a drive's source stands for. */
  imageAliases: Readonly<Record<string, string>>;
  /** Further names of the plays' registries, and how much each may hold. */
  registry: { aliases: string[]; maxBytes: number };
}
