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
