import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../fixtures/browser.ts";
import { bootMs, changeMs, patient } from "../fixtures/patience.ts";
import { createPlayground } from "../fixtures/play.ts";
import { type RealServer, startServer } from "../fixtures/server.ts";

// A person at a browser: from the login to a stopped play. One machine serves all of it, so the tests follow each other.

describe("the web UI", { timeout: patient(900_000) }, () => {
  let server: RealServer;
  let browser: Browser;
  let page: Page;
  let playground = "";
  let playId = "";
  /** What the pages themselves got wrong: exceptions, and what the policy of the server refused. */
  const faults: string[] = [];

  before(async () => {
    server = await startServer();
    playground = await createPlayground(server, "web-site");
    browser = await launchBrowser();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    page.setDefaultTimeout(changeMs);
    page.on("pageerror", error => faults.push(error.message));
    page.on("console", message => {
      if (/Content Security Policy|Refused to/i.test(message.text())) faults.push(message.text());
    });
  });
  after(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  const terminal = () => page.getByRole("tabpanel", { name: "web-01" }).locator(".xterm-accessibility");
  const task = (name: string) =>
    page.getByRole("complementary").locator("li", { has: page.getByText(name, { exact: true }) });

  test("whoever is not logged in is told how to get in, and comes back to where they wanted to go", async () => {
    await page.goto(`${server.url}/playgrounds/${playground}`);
    await page.getByText("labyard login-url").waitFor();
    await checkAccessibility(page);
    await page.getByRole("textbox", { name: "One-time address or its code" }).fill(await server.loginUrl());
    await page.getByRole("button", { name: "Log in with the address" }).click();
    await page.getByRole("heading", { level: 1, name: "A small web server" }).waitFor();
  });

  test("a used code is refused in words", async () => {
    const url = await server.loginUrl();
    const other = await browser.newContext();
    const visitor = await other.newPage();
    await visitor.goto(url);
    await visitor.getByRole("heading", { name: "Playgrounds", exact: true }).waitFor();
    assert.doesNotMatch(visitor.url(), /code=/);
    await other.clearCookies();
    await visitor.goto(url);
    await visitor.getByRole("alert").getByText("used already").waitFor();
    await other.close();
  });

  test("the catalog shows what is built in and what is one's own", async () => {
    await page.goto(server.url);
    const catalogue = page.getByRole("region", { name: "Catalogue" });
    await catalogue.getByRole("heading", { name: "A small web server" }).waitFor();
    await catalogue.getByRole("heading", { name: "Debian 12" }).waitFor();
    await checkAccessibility(page);
    assert.equal(await overflow(page), 0);
  });

  test("a start asks for the init conditions; what the server refuses is shown at the field", async () => {
    await page.getByRole("button", { name: "Start A small web server" }).click();
    const greeting = page.getByLabel("greeting");
    await greeting.fill("no capital");
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByText(/must match/).waitFor();
    assert.equal(await greeting.getAttribute("aria-invalid"), "true");
    await greeting.fill("Servus");
    await page.getByRole("button", { name: "Start" }).click();
    await page.waitForURL(/\/plays\/[0-9a-f]{24}$/);
    playId = page.url().slice(-24);
  });

  test("the boot is visible while it happens", async () => {
    const panel = page.getByRole("complementary", { name: "Progress" });
    await panel.getByText("init_greeting").waitFor();
    await page.getByRole("tabpanel", { name: "web-01" }).getByText("web-01 is not ready yet").waitFor();
    await panel.getByText(/^(image|network|drives|kernel|init|channel): /).waitFor();
    await page.getByRole("button", { name: "Serial console of web-01" }).click();
    await page
      .getByRole("dialog")
      .getByText(/labyard: [a-z]+/)
      .waitFor({ timeout: bootMs });
    await page.keyboard.press("Escape");
  });

  test("a failed task shows what it printed", async () => {
    await page.getByRole("button", { name: "Retry init_flaky" }).waitFor({ timeout: bootMs });
    await task("init_flaky").getByText("cannot find the database").waitFor();
    await task("init_flaky").getByText("looking for the database").waitFor();
    assert.match((await task("init_flaky").textContent()) ?? "", /Exit code 3/);
    await checkAccessibility(page);
  });

  test("a terminal opens by itself, runs a command and shows its output", async () => {
    await page.getByRole("switch", { name: "Screen reader support" }).check();
    await terminal().getByText(/\$/).first().waitFor();
    await page.getByRole("textbox", { name: /Terminal of web-01/ }).focus();
    await page.keyboard.type("echo answer-$((6*7))-$(whoami)\n");
    await terminal().getByText("answer-42-laborant").first().waitFor();
  });

  test("a reload keeps the screen and the shell", async () => {
    await page.getByRole("textbox", { name: /Terminal of web-01/ }).focus();
    await page.keyboard.type("secret=kept-$((3*7))\n");
    await page.reload();
    await terminal().getByText("answer-42-laborant").first().waitFor();
    await page.getByRole("textbox", { name: /Terminal of web-01/ }).focus();
    await page.keyboard.type("echo again-$secret\n");
    await terminal().getByText("again-kept-21").first().waitFor();
    assert.equal((await server.client.listTerminals(playId)).length, 1);
  });

  test("the keyboard leads out of the terminal and along the tabs", async () => {
    await page.keyboard.press("Control+Shift+ArrowUp");
    await page.keyboard.press("ArrowRight");
    await page.getByRole("tab", { name: "Site", selected: true }).waitFor();
  });

  test("an http-port tab shows the page of the guest, and its links work", async () => {
    const site = page.frameLocator('iframe[title="Site"]');
    await site.getByRole("heading", { name: "Servus from the guest" }).waitFor();
    await site.getByRole("link", { name: "Next" }).click();
    await site.getByText("/next").waitFor();
    await page.getByRole("button", { name: "Load again" }).click();
    await site.getByText("/", { exact: true }).waitFor();
  });

  test("its window of its own is let in as well", async () => {
    const opened = page.waitForEvent("popup");
    await page.getByRole("link", { name: "Open in a new window" }).click();
    const popup = await opened;
    await popup.getByRole("heading", { name: "Servus from the guest" }).waitFor();
    assert.notEqual(new URL(popup.url()).origin, server.url);
    assert.doesNotMatch(popup.url(), /ticket/);
    await popup.close();
  });

  test("tabs without anything to show say why", async () => {
    await page.getByRole("tab", { name: "Silent" }).click();
    await page.frameLocator('iframe[title="Silent"]').getByText("Nothing listens on port 9").waitFor();
    await page.getByRole("tab", { name: "IDE" }).click();
    await page.frameLocator('iframe[title="IDE"]').getByText("This image has no IDE").waitFor();
  });

  test("a retry runs the task again and what waited for it", async () => {
    await page.getByRole("button", { name: "Retry init_flaky" }).click();
    await page
      .getByText(/^ready after/)
      .or(page.getByRole("button", { name: "Show progress" }))
      .first()
      .waitFor();
    await page.waitForFunction(() => document.querySelector(".play-title")?.textContent?.includes("Running"));
    await page.getByRole("button", { name: "Show progress" }).click();
    await page.getByRole("button", { name: "Output of init_last" }).click();
    await task("init_last").getByText("all done").waitFor();
  });

  test("on a phone nothing sticks out, in both themes nothing is unreadable", async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    await checkAccessibility(page);
    assert.equal(await overflow(page), 0);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test("a lost server is told, and found again without a reload", async () => {
    await page.getByRole("tab", { name: "web-01" }).click();
    await server.kill();
    await page.getByText("The Labyard server does not answer").waitFor();
    await server.restart();
    await page.getByText("The Labyard server does not answer").waitFor({ state: "detached" });
    await page.getByText("The connection was lost").waitFor({ state: "detached" });
    await page.getByRole("textbox", { name: /Terminal of web-01/ }).focus();
    await page.keyboard.type("echo back-$secret\n");
    await terminal().getByText("back-kept-21").first().waitFor();
  });

  test("strangers share a public shell, on an origin that holds nothing else, until it is removed", async () => {
    const shell = await server.client.createShell(playId, { machine: "web-01", access: "public" });
    const strangers = await Promise.all(
      [0, 1].map(async () => {
        const context = await browser.newContext();
        const visitor = await context.newPage();
        visitor.setDefaultTimeout(changeMs);
        visitor.on("pageerror", error => faults.push(error.message));
        await visitor.goto(shell.url);
        await visitor.locator('body[data-status="open"]').waitFor();
        await visitor.getByRole("checkbox", { name: "Screen reader support" }).check();
        return visitor;
      }),
    );
    const [ann, bob] = strangers as [Page, Page];
    await ann.getByText("Open to everybody who knows its address").waitFor();
    await checkAccessibility(ann);
    await ann.getByRole("textbox", { name: /Shared terminal/ }).focus();
    await ann.keyboard.type("echo shared-$((6*7))\n");
    await bob.locator(".xterm-accessibility").getByText("shared-42").first().waitFor();
    assert.equal(await ann.evaluate(async () => (await fetch("/api/health")).status), 404);

    await server.client.deleteShell(playId, shell.id);
    await ann.getByText("This shell is not shared any more").waitFor();
    await bob.getByText("This shell is not shared any more").waitFor();
    for (const visitor of strangers) await visitor.context().close();
  });

  test("stopping asks first; what is not possible then says why", async () => {
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Stop this play?" });
    await dialog.getByRole("button", { name: "Stop" }).click();
    await page.getByText("The play is stopped").waitFor({ timeout: patient(90_000) });
    await page
      .getByRole("button", { name: "Stop (not now: a play that is STOPPED cannot be asked to stop)" })
      .waitFor();
    assert.equal(await page.getByRole("button", { name: "Restart" }).getAttribute("aria-disabled"), null);
  });

  test("the pages made no mistakes of their own", () => {
    assert.deepEqual(faults, []);
  });
});

/** Fails on what axe calls serious or critical, in the light and in the dark theme. Pages of guests are their own. */
async function checkAccessibility(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page }).exclude("iframe").analyze();
    const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    const told = grave.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`,
    );
    assert.deepEqual(told, [], `in the ${colorScheme} theme`);
  }
}

/** How many pixels the page is wider than its window. */
const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
