import { OWNER, type Worker, expect, signIn, startOwned, test as base } from "./fixtures";
import { atHome } from "./people";
import { Provider } from "./provider";

const test = base.extend<{ atProvider: void }, Worker & { provider: Provider }>({
  provider: [
    async ({}, use) => {
      const provider = await Provider.start();
      await use(provider);
      await provider.stop();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ provider }, use) => {
      const server = await startOwned(provider.settings);
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
  // The provider is another host, and meant to be asked.
  atProvider: [
    async ({ provider, expected }, use) => {
      expected.push(new RegExp(`^asked of another host: ${provider.issuer}/`));
      await use();
    },
    { auto: true },
  ],
});

test("somebody new signs in through a provider, and lands where they wanted to go", async ({ page, provider }) => {
  await provider.person({ sub: "1", email: "grace@example.org", email_verified: true, name: "Grace" });
  await page.goto("/settings/security");
  await page.getByRole("link", { name: "Sign in with Corporate login" }).click();
  await expect(page).toHaveURL(/\/settings\/security$/);
  await expect(page.getByRole("row", { name: /Corporate login/ })).toBeVisible();
  await page.goto("/");
  await expect(page.getByText("What is on your mind, Grace?")).toBeVisible();
});

test("somebody whom the provider refuses is told so", async ({ page, provider }) => {
  await provider.person(null);
  await page.goto("/login");
  await page.getByRole("link", { name: "Sign in with Corporate login" }).click();
  await expect(page.getByRole("alert")).toContainText("You, or the provider, did not allow it.");
  await expect(page).toHaveURL(/\/login/);
});

test("somebody with an account adds the provider to it, and signs in through it from then on", async ({ page, provider, browser, server }) => {
  await provider.person({ sub: "2", email: "countess@example.org", email_verified: true, name: "Countess" });
  await signIn(page);
  await page.goto("/settings/security");
  await page.getByRole("button", { name: "Add Corporate login" }).click();
  await page.getByRole("dialog").getByLabel("Present password").fill(OWNER.password);
  await page.getByRole("dialog").getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("row", { name: /Corporate login/ })).toBeVisible();
  const context = await browser.newContext({ baseURL: server.address, serviceWorkers: "block" });
  const elsewhere = await context.newPage();
  await elsewhere.goto("/login");
  await elsewhere.getByRole("link", { name: "Sign in with Corporate login" }).click();
  await atHome(elsewhere);
  await expect(elsewhere.getByText("What is on your mind, Ada?")).toBeVisible();
  await context.close();
});

test("an address that has an account here opens nothing by itself", async ({ page, provider }) => {
  await provider.person({ sub: "3", email: OWNER.email, email_verified: true, name: "Mallory" });
  await page.goto("/login");
  await page.getByRole("link", { name: "Sign in with Corporate login" }).click();
  await expect(page.getByRole("alert")).toContainText("There is an account with this address already.");
  await page.goto("/");
  await expect(page).toHaveURL(/\/login/);
});

test("somebody who is invited joins after signing in through a provider", async ({ page, provider, browser, server, expected }) => {
  expected.push(/401/);
  await provider.person({ sub: "4", email: "hedy@example.org", email_verified: true, name: "Hedy" });
  await page.goto("/login");
  await page.getByRole("link", { name: "Sign in with Corporate login" }).click();
  await atHome(page);
  await page.getByRole("button", { name: "Account: Hedy" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/login$/);
  const context = await browser.newContext({ baseURL: server.address, serviceWorkers: "block" });
  const owner = await context.newPage();
  await signIn(owner);
  await owner.goto("/admin/workspace");
  await owner.getByLabel("Name of the workspace").last().fill("Garden club");
  await Promise.all([owner.waitForEvent("load"), owner.getByRole("button", { name: "Found it" }).click()]);
  await atHome(owner);
  await owner.goto("/admin/workspace");
  await owner.getByLabel("E-mail address").fill("hedy@example.org");
  await owner.getByRole("button", { name: "Invite", exact: true }).click();
  const link = (await owner.locator(".new-key code").textContent()) ?? "";
  await context.close();
  await page.goto(link);
  await page.getByRole("link", { name: "Sign in with Corporate login" }).click();
  await expect(page.getByRole("heading", { name: "Join Garden club" })).toBeVisible();
  await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Join" }).click()]);
  await atHome(page);
  await expect(page.getByRole("button", { name: "Account: Hedy" })).toContainText("Garden club");
});
