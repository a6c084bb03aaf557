import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import type { PlaygroundJson } from "../../src/api/contract/playgrounds.ts";
import { launchBrowser } from "../fixtures/browser.ts";
import { patient } from "../fixtures/patience.ts";
import { startTestServer, type TestPerson, type TestServer } from "../fixtures/test-server.ts";

/** One pixel, valid. */
const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

const evilDrawing = Buffer.from(
  `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>top.attacked = 5; fetch("/api/auth/me")</script></svg>`,
);
const evilPage = Buffer.from(`<!doctype html><script>fetch("/api/auth/logout", {method: "POST"})</script>`);

const hostile = `## Welcome

![plan](__static__/plan.png) [download](./__static__/lab.zip) [elsewhere](https://example.com)

<script>window.attacked = 1</script>
<img src=x onerror="window.attacked = 2">

[run](javascript:window.attacked=3) ![x](https://example.invalid/" onerror="window.attacked=4)

![drawing](__static__/evil.svg)
`;

describe("the catalogue in a browser", { timeout: patient(180_000) }, () => {
  let server: TestServer;
  let browser: Browser;
  let page: Page;
  let lab: PlaygroundJson;
  const faults: string[] = [];
  const anyone = { canList: ["anyone"], canRead: ["anyone"], canStart: ["anyone"] };

  before(async () => {
    server = await startTestServer("", { webDirectory: join(import.meta.dirname, "../../web/dist") });
    await server.app.listen({ host: "127.0.0.1", port: 0 });
    lab = await create(server.ann, { name: "lab", title: "Packets by hand", categories: ["networking"] });
    await create(server.bob, { name: "shared", title: "From Bob to all", accessControl: anyone });
    await send(server.ann, "PUT", "/api/content/markdown", file("notes.md", { content: "for me" }));
    const uploads = { "plan.png": picture, "cover.png": picture, "evil.svg": evilDrawing, "evil.html": evilPage };
    for (const [name, bytes] of Object.entries(uploads)) {
      const reply = await send(server.ann, "PUT", "/api/content/files", file(`__static__/${name}`));
      const { pathname } = new URL(reply.json<{ uploadUrl: string }>().uploadUrl);
      assert.equal(
        (await server.request({ method: "PUT", url: pathname, payload: bytes, headers: own() })).statusCode,
        200,
      );
    }
    const dump = (await send(server.ann, "GET", `/api/playgrounds/${lab.name}?format=extended`)).json<object>();
    const cover = `/content/files/playgrounds/${lab.name}/__static__/cover.png`;
    const updated = await send(server.ann, "PUT", `/api/playgrounds/${lab.name}`, {
      ...dump,
      cover,
      markdown: hostile,
    });
    assert.equal(updated.statusCode, 200, updated.body);

    browser = await launchBrowser();
    page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    page.setDefaultTimeout(patient(20_000));
    page.on("pageerror", error => faults.push(error.message));
    const { code } = await server.accounts.createLoginCode("ann");
    await page.goto(`${server.origins.appUrl}/login?code=${code}`);
    await page.getByRole("heading", { name: "Playgrounds", exact: true }).waitFor();
  });
  after(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  const own = () => ({ host: new URL(server.origins.appUrl).host });
  const file = (name: string, more: object = {}) => ({ kind: "playground", name: lab.name, file: name, ...more });
  const send = (as: TestPerson, method: "GET" | "POST" | "PUT", url: string, body?: object) =>
    server.request({ as, method, url, headers: own(), ...(body && { payload: JSON.stringify(body) }) });
  async function create(as: TestPerson, body: object): Promise<PlaygroundJson> {
    const accessControl = { canList: ["owner"], canRead: ["owner"], canStart: ["owner"] };
    const reply = await send(as, "POST", "/api/playgrounds", { base: "flexbox", accessControl, ...body });
    assert.equal(reply.statusCode, 200, reply.body);
    return reply.json();
  }
  const cards = () => page.getByRole("region", { name: "Catalogue" }).getByRole("heading", { level: 3 });
  const shows = async (titles: readonly string[]) => {
    const wanted = titles.toSorted();
    const there = (names: string[]) => {
      const found = [...document.querySelectorAll("article h3")].map(each => each.textContent).sort();
      return JSON.stringify(found) === JSON.stringify(names);
    };
    await page.waitForFunction(there, wanted).catch(() => undefined);
    assert.deepEqual((await cards().allTextContents()).toSorted(), wanted);
  };
  const view = (name: string) => page.getByRole("group", { name: "Show" }).getByRole("button", { name }).click();
  const builtIn = ["Alpine Linux", "Debian", "Debian 12", "Docker", "Flexbox", "Kubernetes with k3s", "Ubuntu 24.04"];

  test("its parts: all, one's own, built in, of others", async () => {
    await shows([...builtIn, "Packets by hand", "From Bob to all"]);
    await checkAccessibility(page);
    await view("Yours");
    await shows(["Packets by hand"]);
    await view("Built in");
    await shows(builtIn);
    await view("Community");
    await shows(["From Bob to all"]);
    await view("Recent");
    await page.getByText("You have not started any yet").waitFor();
  });

  test("what was started is among the recent and the popular ones", async () => {
    await page.goto(server.origins.appUrl);
    await page.getByRole("button", { name: "Start Packets by hand" }).click();
    await page.waitForURL(/\/plays\/[0-9a-f]{24}$/);
    await page.goto(`${server.origins.appUrl}/?show=recent`);
    await shows(["Packets by hand"]);
    await view("Popular");
    await shows(["Packets by hand"]);
  });

  test("categories and words narrow it, and the address keeps the choice", async () => {
    await page.goto(server.origins.appUrl);
    const category = page.getByRole("group", { name: "Category" });
    await category.getByRole("button", { name: "kubernetes" }).click();
    await shows(["Kubernetes with k3s"]);
    await category.getByRole("button", { name: "Any category" }).click();
    await page.getByRole("searchbox", { name: "Search playgrounds" }).fill("debian IDE");
    await shows(["Debian"]);
    await page.reload();
    await shows(["Debian"]);
    await page.getByRole("region", { name: "Catalogue" }).getByText("1 playground", { exact: true }).waitFor();
    await page.getByRole("searchbox").fill("no such thing");
    await page.getByText("Nothing here matches").waitFor();
  });

  test("a playground's page: cover, machines, pictures of its own, and nothing that runs", async () => {
    await page.goto(`${server.origins.appUrl}/playgrounds/${lab.name}`);
    await page.getByRole("heading", { level: 1, name: "Packets by hand" }).waitFor();
    await page.getByRole("list", { name: "Machines" }).getByText("debian-12").waitFor();
    await page.getByRole("heading", { name: "Welcome" }).waitFor();
    const loaded = (selector: string) =>
      page.waitForFunction(each => (document.querySelector<HTMLImageElement>(each)?.naturalWidth ?? 0) > 0, selector);
    await loaded("img.cover");
    await loaded('img[alt="plan"]');
    const download = page.getByRole("link", { name: "download" });
    assert.equal(await download.getAttribute("href"), `/content/files/playgrounds/${lab.name}/__static__/lab.zip`);
    assert.equal(await page.getByRole("link", { name: "elsewhere" }).getAttribute("rel"), "noopener noreferrer");
    assert.equal(await page.getByRole("link", { name: "run" }).count(), 0);
    assert.equal(await page.evaluate(() => (globalThis as { attacked?: number }).attacked), undefined);
    await checkAccessibility(page);
  });

  test("an author's drawing is shown without its script; opened by itself it is a download, like a page", async () => {
    await page.waitForFunction(
      () => (document.querySelector<HTMLImageElement>('img[alt="drawing"]')?.naturalWidth ?? 0) === 9,
    );
    assert.equal(await page.evaluate(() => (globalThis as { attacked?: number }).attacked), undefined);
    const other = await page.context().newPage();
    for (const name of ["evil.svg", "evil.html"]) {
      const download = other.waitForEvent("download");
      const url = `${server.origins.appUrl}/content/files/playgrounds/${lab.name}/__static__/${name}`;
      await other.goto(url).catch((error: unknown) => assert.match(String(error), /Download is starting|ERR_ABORTED/));
      assert.equal((await download).suggestedFilename(), name);
    }
    await other.close();
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Packets by hand" }).waitFor();
  });

  test("the manifest can be read and copied as the command line prints it", async () => {
    await page.getByText("Manifest", { exact: true }).click();
    const text = page.getByLabel("Manifest as YAML");
    await text.waitFor();
    const reply = await send(server.ann, "GET", `/api/playgrounds/${lab.name}/manifest`);
    assert.equal(await text.textContent(), reply.json<{ manifest: string }>().manifest);
    assert.match((await text.textContent()) ?? "", /^kind: playground\nname: lab-/);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByText("Copied").waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await text.textContent());
    await checkAccessibility(page);
    await page.setViewportSize({ width: 400, height: 800 });
    const wider = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.equal(wider, 0);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test("its owner sees its files and may delete it; what is built in nobody may", async () => {
    await page.getByRole("list", { name: "Content files" }).getByText("notes.md").waitFor();
    await page.getByRole("button", { name: "Delete this playground" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await shows([...builtIn, "From Bob to all"]);
    await page.getByRole("link", { name: "Docker" }).click();
    await page.getByRole("heading", { level: 1, name: "Docker" }).waitFor();
    await page.getByText("Built in · docker").waitFor();
    assert.equal(await page.getByRole("button", { name: "Delete this playground" }).count(), 0);
  });

  test("somebody else's lists: what may not be started has a dead button, what may not be read hides its manifest", async () => {
    const lists = (canRead: string, canStart: string) => ({
      canList: ["anyone"],
      canRead: [canRead],
      canStart: [canStart],
    });
    const shown = await create(server.bob, {
      name: "shown",
      title: "To read only",
      accessControl: lists("anyone", "owner"),
    });
    const closed = await create(server.bob, {
      name: "closed",
      title: "To start only",
      accessControl: lists("owner", "anyone"),
    });
    await page.goto(`${server.origins.appUrl}/?show=community`);
    await shows(["From Bob to all", "To read only", "To start only"]);
    const start = (title: string) => page.getByRole("button", { name: `Start ${title}` });
    const refused = page.getByRole("button", { name: "You may not start To read only" });
    assert.ok(await refused.isDisabled());
    assert.equal(await refused.textContent(), "You may not start this");
    assert.ok(await start("To start only").isEnabled());

    const manifest = page.getByText("Manifest", { exact: true });
    const startHere = page.getByRole("main").getByRole("button", { name: "Start", exact: true });
    await page.goto(`${server.origins.appUrl}/playgrounds/${shown.name}`);
    await manifest.waitFor();
    await page.getByText("Its owner has not allowed you to start this playground.").waitFor();
    assert.equal(await startHere.count(), 0);
    await page.goto(`${server.origins.appUrl}/playgrounds/${closed.name}`);
    await startHere.waitFor();
    assert.ok(await startHere.isEnabled());
    assert.equal(await manifest.count(), 0);
  });

  test("the pages made no mistakes of their own", () => {
    assert.deepEqual(faults, []);
  });
});

/** Fails on what axe calls serious or critical, in the light and in the dark theme. */
async function checkAccessibility(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    const told = grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join("\n")}`);
    assert.deepEqual(told, [], `in the ${colorScheme} theme`);
  }
}
