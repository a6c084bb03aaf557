import { guestSays } from "../../../fixtures/guest-exec.ts";
import { startCli } from "../../../fixtures/running-cli.ts";
import { api, type Row, type World } from "../../row.ts";

/** One request on each way, while the command line holds all forwards of the play open. */
async function throughBoth({ server, playId }: World): Promise<string> {
  await using forwards = await startCli(server, ["port-forward", playId, "--restore"]);
  const opened = await forwards.line(/\(remote\): .*\n/);
  const [, place] = /\(local\): (127\.0\.0\.2:\d+) ->/.exec(opened) ?? [];
  if (place === undefined) return opened;
  const inwards = await (await fetch(`http://${place}/inwards`)).text();
  const command = "curl -sS -m 30 -o /dev/null -w '%{http_code}' http://127.0.0.1:9191/v2/";
  const outwards = await guestSays(server.client, playId, { machine: "edge", user: "root", command });
  return `${inwards.split(" ")[0]}, outwards ${outwards}`;
}

export const portForwards: Row[] = [
  api(
    "portForwards[].kind, machine",
    "local and remote, of edge",
    async ({ server, registry, playId }) =>
      (await server.cli(["port-forward", playId, "--list"])).stdout.replaceAll(registry.host, "the registry").trim(),
    "[0] edge (local): 127.0.0.2:8080 -> 127.0.0.1:8080\n[1] edge (remote): 127.0.0.1:9191 -> the registry",
  ),
  api(
    "portForwards[].localHost, localPort, remoteHost, remotePort",
    "a server in edge, and one of the client",
    throughBoth,
    "/inwards, outwards 200",
  ),
];
