import { getPort } from "../../../fixtures/http-port.ts";
import { api, type Row, type World } from "../../row.ts";
import { tabs } from "./questions.ts";

async function openApp({ server, playId }: World, tabId: string): Promise<string> {
  const tab = (await server.client.getPlay(playId)).tabs.find(({ id }) => id === tabId);
  const port = (await server.client.listPorts(playId)).find(({ id }) => id === tab?.portId);
  const { status, body } = await getPort(new URL("/page?x=1", port?.url).href);
  return status === 200 ? `200 ${/TLSv[.0-9]+(?=, Cipher)/.exec(body)?.[0] ?? body}` : String(status);
}

export const tabRows: Row[] = [
  api("tabs[].kind", "ide, no machine", tabs, /^ide ide-edge "IDE"$/m),
  api("tabs[].kind", "kexp, no machine", tabs, /^kexp kexp-edge "Kubernetes"$/m),
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
  api("tabs[].tls", "true, a certificate that nobody signed", world => openApp(world, "secure"), /^200 TLSv1\.[23]$/),
  api("tabs[].tls", "absent, and the server speaks HTTPS", world => openApp(world, "not-told"), "502"),
  api(
    "tabs[].machine",
    "inner, which nobody but its tab reaches",
    async ({ server, playId }) =>
      (await server.client.getPlay(playId)).tabs.find(({ id }) => id === "http-port-inner")?.machine ?? "",
    "inner",
  ),
  api(
    "tabs[].pane",
    "right",
    async ({ server, playId }) =>
      (await server.client.getPlay(playId)).tabs.map(({ id, pane }) => (pane ? `${id} ${pane}` : "")).join(""),
    "handbook right",
  ),
];
