import { type Case, forward } from "../case.ts";

// biome-ignore format: a table is read by its rows
export const accessCases: readonly Case[] = [
  { code: "manifest/registry-auth", bad: ["  tabs:", "  registryAuth: someone\n  tabs:"], good: ["  tabs:", "  registryAuth: 123:45:6\n  tabs:"], path: "playground.registryAuth", line: "registryAuth", says: /"user:password"/ },
  { code: "manifest/registry-auth", severity: "warning", bad: ["  tabs:", "  registryAuth: '***'\n  tabs:"], good: ["  tabs:", "  registryAuth: '*:**'\n  tabs:"], path: "playground.registryAuth", line: "registryAuth", says: /masked/ },
  { code: "manifest/access-control", bad: ["canStart: [owner]", "canStart: []"], good: ["canStart: [owner]", "canStart: [authenticated]"], path: "playground.accessControl.canStart", line: "canStart", says: /canStart is empty; add at least "owner"/ },
  { code: "manifest/access-control", bad: ["canStart: [owner]", "canStart: ['role:registered']"], good: ["canStart: [owner]", "canStart: ['github:Some-One']"], path: "playground.accessControl.canStart[0]", line: "canStart", says: /did you mean "authenticated"/i, suggests: "authenticated" },
  { code: "manifest/access-control", severity: "warning", bad: ["canStart: [owner]", "canStart: ['has-pack:spring']"], good: ["canStart: [owner]", "canStart: ['user:abc']"], path: "playground.accessControl.canStart[0]", line: "canStart", says: /matches nobody/ },
  { code: "manifest/access-control", severity: "warning", bad: ["canStart: [owner]", "canStart: [instructor]"], good: ["canStart: [owner]", "canStart: [instructor, 'student:spring']"], path: "playground.accessControl.canStart[0]", line: "canStart", says: /no list names a group/ },
  { code: "manifest/port-forward", bad: forward("{kind: local, machine: web-01, localPort: 80}"), good: forward("{kind: local, machine: web-01, remoteport: 80}"), path: "playground.portForwards[0].remotePort", line: "localPort", says: /needs remotePort \(1-65535\)/ },
  { code: "manifest/port-forward", bad: forward("{kind: up, machine: web-01, remotePort: 80}"), good: forward("{kind: remote, machine: web-01, localport: 80}"), path: "playground.portForwards[0].kind", line: "kind: up", says: /local or remote/ },
  { code: "manifest/port-forward", bad: forward(`{kind: local, machine: web-01, remotePort: 80, localHost: 'a b'}`), good: forward("{kind: local, machine: web-01, remotePort: 80, localhost: 127.0.0.1}"), path: "playground.portForwards[0].localHost", line: "a b", says: /names no host/ },
  { code: "manifest/port-forward", bad: forward("{kind: local, machine: web-1, remotePort: 80}"), good: forward("{kind: local, machine: web-01, remotePort: 80}"), path: "playground.portForwards[0].machine", line: "web-1,", says: /Did you mean "web-01"/, suggests: "web-01" },
  { code: "manifest/port-forward", bad: forward("{kind: local, machine: web-01, remotePort: 65536}"), good: forward("{kind: local, machine: web-01, remotePort: 65535}"), path: "playground.portForwards[0].remotePort", line: "65536", says: /ports are 1 to 65535/ },
];
