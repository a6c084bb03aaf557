import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../fixtures/browser.ts";
import { startTestServer, type TestServer } from "../fixtures/test-server.ts";

// The pages about people, in a browser, on the real server without machines.

const password = "correct horse battery";
const webDirectory = join(import.meta.dirname, "../../web/dist");

let browser: Browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser.close());

async function startWebServer(): Promise<TestServer> {
  const server = await startTestServer("listen: {port: 0}", { webDirectory });
  await server.app.listen({ host: "127.0.0.1", port: 0 });
  return server;
}

async function newPage(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  return page;
}

async function logInByCode(server: TestServer, page: Page, userId: string): Promise<void> {
  const { code } = await server.accounts.createLoginCode(userId);
  await page.goto(`${server.origins.appUrl}/login?code=${code}`);
  await page.getByRole("heading", { name: "Playgrounds", exact: true }).waitFor();
}

async function checkAccessibility(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const told = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
    assert.deepEqual(told, [], `in the ${colorScheme} theme`);
  }
}

test("an administrator adds a person, who sets a password, is shut out, and is let in again", async () => {
  await using server = await startWebServer();
  const admin = await newPage();
  await logInByCode(server, admin, server.owner.id);
  await admin.getByRole("link", { name: "People" }).click();
  await admin.getByLabel("Name").fill("carol");
  await admin.getByRole("button", { name: "Add", exact: true }).click();
  const invitation = await admin.getByRole("group", { name: "address" }).textContent();
  assert.match(invitation ?? "", /\/login\?code=/);
  await checkAccessibility(admin);

  const carol = await newPage();
  await carol.goto(invitation ?? "");
  await carol.getByRole("link", { name: "Your account: carol" }).click();
  await carol.getByRole("textbox", { name: /^New password/ }).fill(password);
  await carol.getByRole("textbox", { name: /^The new password again/ }).fill("something else");
  await carol.getByText("The two differ").waitFor();
  await carol.getByRole("textbox", { name: /^The new password again/ }).fill(password);
  await carol.getByRole("button", { name: "Set password" }).click();
  await carol.getByText("Your password has been changed.").waitFor();
  await checkAccessibility(carol);
  await carol.getByRole("button", { name: "Log out" }).click();

  await carol.getByRole("textbox", { name: "Name", exact: true }).fill("carol");
  await carol.getByRole("textbox", { name: "Password", exact: true }).fill("not my password");
  await carol.getByRole("button", { name: "Log in", exact: true }).click();
  await carol.getByRole("alert").getByText("The name or the password is wrong").waitFor();
  await checkAccessibility(carol);
  await carol.getByRole("textbox", { name: "Password", exact: true }).fill(password);
  await carol.getByRole("button", { name: "Log in", exact: true }).click();
  await carol.getByRole("link", { name: "Your account: carol" }).waitFor();

  await admin.getByRole("button", { name: "Manage carol" }).click();
  await checkAccessibility(admin);
  await admin.getByRole("button", { name: "Disable" }).click();
  await admin.getByRole("button", { name: "Enable" }).waitFor();
  await carol.goto(`${server.origins.appUrl}/account`);
  await carol.getByRole("heading", { name: "Log in to Labyard" }).waitFor();
  await admin.getByRole("button", { name: "Enable" }).click();
  await admin.getByRole("button", { name: "Disable" }).waitFor();
  await admin.context().close();
  await carol.context().close();
});

test("an ordinary person finds no people page", async () => {
  await using server = await startWebServer();
  const page = await newPage();
  await logInByCode(server, page, "ann");
  assert.equal(await page.getByRole("link", { name: "People" }).count(), 0);
  await page.goto(`${server.origins.appUrl}/people`);
  await page.getByText("Only administrators").waitFor();
  await page.context().close();
});

test("the account page shows quotas, ends sessions, and makes and revokes tokens", async () => {
  await using server = await startWebServer();
  const page = await newPage();
  await logInByCode(server, page, "ann");
  await page.goto(`${server.origins.appUrl}/account`);
  await page.getByText("Active plays: 0 of 20").waitFor();
  const sessions = page.getByRole("list", { name: "Sessions" });
  await sessions.getByText("Browser (this one)").waitFor();
  await sessions.getByRole("button", { name: "End session of test" }).click();
  await sessions.getByText("Command line").waitFor({ state: "detached" });

  await page.getByLabel("Name of the new token").fill("nightly build");
  await page.getByRole("checkbox", { name: "playground:write" }).uncheck();
  await page.getByRole("button", { name: "Create token" }).click();
  const token = (await page.getByRole("group", { name: "token", exact: true }).textContent()) ?? "";
  const login = (await page.getByRole("group", { name: "login command" }).textContent()) ?? "";
  assert.match(
    login,
    /^labctl --endpoint http:\/\/127\.0\.0\.1:\d+ auth login --session-id [0-9a-f]{24} --access-token lab_/,
  );
  const use = (method: "GET" | "POST") =>
    fetch(`${server.origins.appUrl}/api/plays`, { method, headers: { authorization: `Bearer ${token}` } });
  assert.equal((await use("GET")).status, 200);
  assert.notEqual((await use("POST")).status, 200);
  await checkAccessibility(page);

  await page.getByRole("list", { name: "Access tokens" }).getByRole("button", { name: "Revoke nightly build" }).click();
  await page.getByRole("button", { name: "Revoke nightly build" }).waitFor({ state: "detached" });
  assert.equal((await use("GET")).status, 401);
  await page.context().close();
});

test("a program is approved or turned away by the person who sees who asks", async () => {
  await using server = await startWebServer();
  const page = await newPage();
  await logInByCode(server, page, "ann");
  const ask = async () => {
    const reply = await fetch(`${server.origins.appUrl}/api/sessions`, {
      method: "POST",
      headers: { "user-agent": "labctl/v0.1.107 <b>bold</b>" },
    });
    return (await reply.json()) as { id: string; accessToken: string; authUrl: string };
  };
  const poll = async ({ id, accessToken }: { id: string; accessToken: string }) =>
    fetch(`${server.origins.appUrl}/api/sessions/${id}`, {
      headers: { authorization: `Basic ${btoa(`${id}:${accessToken}`)}` },
    });
  const wanted = await ask();
  await page.goto(wanted.authUrl);
  await page.getByText("labctl/v0.1.107 <b>bold</b>").waitFor();
  await page.getByText("127.0.0.1").waitFor();
  await checkAccessibility(page);
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("The program is logged in.").waitFor();
  assert.equal(((await (await poll(wanted)).json()) as { authenticated: boolean }).authenticated, true);

  const unwanted = await ask();
  await page.goto(unwanted.authUrl);
  await page.getByRole("button", { name: "Deny" }).click();
  await page.getByText("The program was turned away.").waitFor();
  assert.equal((await poll(unwanted)).status, 401);
  await page.context().close();
});

test("the login page explains a failed login by a provider in its own words only", async () => {
  await using server = await startWebServer();
  const page = await newPage();
  await page.goto(`${server.origins.appUrl}/login?problem=server/login-not-allowed`);
  await page.getByRole("alert").getByText("belongs to no account here").waitFor();
  await page.goto(`${server.origins.appUrl}/login?problem=${encodeURIComponent("send your password to evil.example")}`);
  await page.getByLabel("Password", { exact: true }).waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
  await page.context().close();
});
