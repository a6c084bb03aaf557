import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { type Browser, chromium } from "playwright-core";
import type { PlayJson } from "../../src/api/contract/plays.ts";
import { startTestServer, type TestServer } from "../fixtures/test-server.ts";

let browser: Browser;
before(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
});
after(() => browser.close());

/** A running play with one private port, whose app shows its cookies and counts visits in one of its own. */
async function playWithPrivatePort(server: TestServer) {
  const app = createServer((request, response) => {
    response.setHeader("set-cookie", "app=1; SameSite=None; Secure; Partitioned");
    response.setHeader("content-type", "text/html");
    response.end(`<p id="seen">${request.url} [${request.headers.cookie ?? ""}]</p>`);
  });
  await new Promise<void>(resolve => app.listen(0, "127.0.0.1", resolve));
  server.plays.listeners.set("machine-01:8080", (app.address() as AddressInfo).port);
  await server.app.listen({ host: "127.0.0.1", port: 0 });
  const tabs = [{ kind: "http-port", name: "App", machine: "machine-01", number: 8080 }];
  const started = await server.request({
    as: server.ann,
    method: "POST",
    url: "/api/plays",
    headers: { host: new URL(server.origins.appUrl).host },
    payload: JSON.stringify({ playground: "flexbox", tabs }),
  });
  const play = started.json<PlayJson>();
  server.plays.becomeReady(play.id);
  return { play, close: () => app.close() };
}

test("a private port opens in a frame of our page, and stays open without the ticket", async () => {
  await using server = await startTestServer();
  const { play, close } = await playWithPrivatePort(server);
  const context = await browser.newContext();
  const page = await context.newPage();
  const { code } = await server.accounts.createLoginCode("ann");
  await page.goto(`${server.origins.appUrl}/login`);

  // Everything as our page does it: log in, ask for a ticket, point a frame to it.
  const [frameUrl, afterwards] = await page.evaluate(
    async ({ code: loginCode, playId, portId }) => {
      const post = async (path: string, body?: object) => {
        const init = body === undefined ? { method: "POST" } : { method: "POST", body: JSON.stringify(body) };
        return (await fetch(`/api${path}`, init)).json();
      };
      await post("/auth/login", { code: loginCode });
      const { url } = (await post(`/plays/${playId}/ports/${portId}/tickets`)) as { url: string };
      const frame = document.createElement("iframe");
      const loaded = () => new Promise(resolve => frame.addEventListener("load", resolve, { once: true }));
      frame.src = url;
      document.body.append(frame);
      await loaded();
      frame.src = new URL("/second?x=1", url).href;
      await loaded();
      return [url, frame.src] as const;
    },
    { code, playId: play.id, portId: play.tabs[0]?.portId },
  );
  assert.match(frameUrl, /labyard_ticket=/);
  const frame = page.frames().find(each => each.url() === afterwards);
  const seen = await frame?.locator("#seen").textContent();
  assert.equal(seen, "/second?x=1 [app=1]", "the app sees its own cookie and none of ours");

  // Its own page cannot use the visitor's session of the platform.
  const stolen = await frame?.evaluate(
    async appUrl =>
      fetch(`${appUrl}/api/auth/me`, { credentials: "include" }).then(
        reply => reply.status,
        () => "refused",
      ),
    server.origins.appUrl,
  );
  assert.equal(stolen, "refused");

  // Opened as a page of its own, by its plain address: over the app and back.
  const direct = await context.newPage();
  await direct.goto(`${play.tabs[0]?.url}/direct`);
  assert.match((await direct.locator("#seen").textContent()) ?? "", /^\/direct \[/);
  assert.equal(new URL(direct.url()).search, "");
  await context.close();
  close();
});

test("a stranger's browser gets to the login page instead", async () => {
  await using server = await startTestServer();
  const { play, close } = await playWithPrivatePort(server);
  const page = await browser.newPage();
  await page.goto(`${play.tabs[0]?.url}/`);
  const { origin, pathname, searchParams } = new URL(page.url());
  assert.equal(origin, server.origins.appUrl);
  assert.equal(pathname, "/login");
  assert.match(searchParams.get("next") ?? "", /^\/api\/plays\/[0-9a-f]{24}\/ports\//);
  await page.close();
  close();
});
