import { Problem } from "../../../../src/api/problems.ts";
import { api, type Row } from "../../row.ts";
import { inner, tabs } from "./questions.ts";

const refusal = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "allowed",
    error => Problem.from(error).message,
  );

export const noSSH: Row[] = [
  api(
    "noSSH",
    "true: a tunnel for ssh",
    async ({ server, playId }) =>
      refusal(server.client.startTunnel(playId, { machine: "inner", sshUser: "root", sshPubKey: "ssh-ed25519 AAAA" })),
    /noSSH/,
  ),
  api(
    "noSSH",
    "true: a tunnel for a port",
    async ({ server, playId }) => refusal(server.client.startTunnel(playId, { machine: "inner" })),
    "allowed",
  ),
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
