import { type Case, webDrive, web, drive, many } from "../case.ts";

// biome-ignore format: a table is read by its rows
export const drivesCases: readonly Case[] = [
  { code: "manifest/drive-count", bad: [webDrive, `${webDrive}${many(24, () => "        - {size: 1GiB}\n")}`], good: [webDrive, `${webDrive}${many(23, () => "        - {size: 1GiB}\n")}`], path: `${web}.drives`, line: "drives:", says: /25 drives, the limit is 24/ },
  { code: "manifest/drive-source", bad: ["source: debian-12", "source: ghcr.io/me/img:v1"], good: ["source: debian-12", "source: oci://ghcr.io/me/img:v1"], path: `${web}.drives[0].source`, line: "ghcr.io", says: /needs the scheme: "oci:\/\/ghcr.io\/me\/img:v1"/, suggests: "oci://ghcr.io/me/img:v1" },
  { code: "manifest/drive-source", bad: ["source: debian-12", "source: debian-21"], good: ["source: debian-12", "source: debian-12 "], options: { knownImages: ["debian-12"] }, path: `${web}.drives[0].source`, line: "debian-21", says: /Did you mean "debian-12"/, suggests: "debian-12" },
  { code: "manifest/drive-source", bad: ["source: debian-12", "source: oci://ghcr.io/me/img@sha256:12"], good: ["source: debian-12", `source: oci://ghcr.io:443/me/img:v1@sha256:${"0".repeat(64)}`], path: `${web}.drives[0].source`, line: "sha256", says: /64 hexadecimal/ },
  { code: "manifest/root-drive-no-source", bad: ["        - source: debian-12\n          mount: /\n", "        - mount: /\n"], good: ["        - source: debian-12\n", "        - source: debian-11\n"], path: `${web}.drives[0].source`, line: "- mount: /", says: /root drive of "web-01" needs a source/ },
  { code: "manifest/machine-no-root-drive", bad: ["mount: /\n", "mount: /data\n"], good: drive("{mount: /data}"), path: `${web}.drives`, line: "drives:", says: /no drive with "mount: \/"/ },
  { code: "manifest/machine-no-root-drive", bad: drive("{source: debian-12, mount: /}"), good: drive("{source: debian-12, mount: /mnt}"), path: `${web}.drives[1].mount`, line: "- {source: debian-12, mount: /}", says: /2 drives with "mount: \/"/ },
  { code: "manifest/snapshot-reference", bad: drive("{source: snapshot}"), good: drive("{source: snapshot, snapshot: {id: s1}}"), path: `${web}.drives[1].snapshot`, line: "- {source: snapshot}", says: /needs a snapshot id/ },
  { code: "manifest/snapshot-reference", bad: drive("{source: snapshot, snapshot: {id: s2}}"), good: drive("{source: snapshot, snapshot: {id: s1}}"), options: { knownSnapshots: ["s1"] }, path: `${web}.drives[1].snapshot.id`, line: "s2", says: /"s2" does not exist or is not yours/ },
  { code: "manifest/drive-mount", bad: drive("{mount: data}"), good: drive("{mount: /data}"), path: `${web}.drives[1].mount`, line: "mount: data", says: /must be an absolute path/ },
  { code: "manifest/drive-mount", bad: drive("{mount: /mnt/../etc}"), good: drive("{mount: /mnt/..etc}"), path: `${web}.drives[1].mount`, line: "/../", says: /without/ },
  { code: "manifest/drive-mount", bad: drive("{mount: /proc/x}"), good: drive("{mount: /process}"), path: `${web}.drives[1].mount`, line: "/proc/x", says: /belongs to the system/ },
  { code: "manifest/drive-mount", bad: drive("{mount: /a}\n        - {mount: /a}"), good: drive("{mount: /a}\n        - {mount: /a/b}"), path: `${web}.drives[2].mount`, line: "{mount: /a}\n      network", says: /two drives of "web-01" are mounted at "\/a"/ },
  { code: "manifest/drive-size", bad: drive("{size: 512MiB}"), good: drive("{size: 1024MiB}"), path: `${web}.drives[1].size`, line: "512MiB", says: /drive 2 of "web-01" is 512MiB; the minimum is 1GiB/ },
  { code: "manifest/drive-size", bad: drive("{size: 101GiB}"), good: drive("{size: 100GiB}"), path: `${web}.drives[1].size`, line: "101GiB", says: /the maximum is 100GiB/ },
  { code: "manifest/drive-total", bad: drive("{size: 100GiB}\n        - {size: 100GiB}\n        - {size: 21GiB}"), good: drive("{size: 100GiB}\n        - {size: 100GiB}\n        - {size: 20GiB}"), path: "playground.machines", line: "machines:", says: /add up to 241GiB, the limit is 240GiB/ },
  { code: "manifest/drive-filesystem", bad: drive("{filesystem: ntfs}"), good: drive("{filesystem: XFS}"), path: `${web}.drives[1].filesystem`, line: "ntfs", says: /ext4, ext3, ext2, xfs or btrfs/ },
  { code: "manifest/root-drive-read-only", bad: ["mount: /\n", "mount: /\n          readOnly: true\n"], good: ["mount: /\n", "mount: /\n          readOnly: no\n"], path: `${web}.drives[0].readOnly`, line: "readOnly", says: /root drive cannot be read-only/ },
  { code: "manifest/root-drive-read-only", severity: "warning", bad: drive("{readOnly: true}"), good: drive("{readOnly: true, filesystem: ext4}"), path: `${web}.drives[1].readOnly`, line: "readOnly", says: /never hold anything/ },
  { code: "manifest/drive-mount", bad: drive(`{mount: ${"/abc".repeat(1024)}}`), good: drive(`{mount: ${"/abc".repeat(1023)}/ab}`), path: `${web}.drives[1].mount`, line: "mount: /abc", says: /has 4096 bytes, the limit is 4095/ },
  { code: "manifest/drive-mount", bad: drive(`{mount: /a/${"é".repeat(128)}/b}`), good: drive(`{mount: /a/${"é".repeat(127)}/b}`), path: `${web}.drives[1].mount`, line: "mount: /a/", says: /a component of 256 bytes, the limit is 255/ },
];
