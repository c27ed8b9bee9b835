import { type Cookie, expect, test as base } from "@playwright/test";
import { OWNER, answers, newChat, say, watch } from "./fixtures";
import { Server } from "./server";

interface Place {
  server: Server;
  /** Of somebody who is signed in. */
  cookies: Cookie[];
}

/**
 * How the main screens look, beside pictures that stand here. They are of Debian's Chromium with the fonts that come with it;
 * `npx playwright test pictures --update-snapshots` makes them anew, to be looked at before they are kept.
 */
const test = base.extend<object, { place: Place }>({
  // A server of their own: what other tests leave in the sidebar would be seen.
  place: [
    async ({ browser }, use) => {
      const server = await Server.start();
      const context = await browser.newContext({ baseURL: server.address, locale: "en-GB", serviceWorkers: "block" });
      const page = await context.newPage();
      await page.goto(server.setUpLink);
      await page.getByLabel("Your name").fill(OWNER.display_name);
      await page.getByLabel("E-mail address").fill(OWNER.email);
      await page.getByLabel("Password").fill(OWNER.password);
      await page.getByRole("button", { name: "Create my account" }).click();
      await expect(page.getByRole("heading", { name: /What is on your mind/ })).toBeVisible();
      for (const title of ["A trip to Lisbon in May", "سؤال عن الطماطم"]) {
        await newChat(page, "echo");
        await say(page, title);
        await expect(answers(page)).toContainText("You said:");
      }
      await newChat(page, "rich");
      await say(page, "How do I grow tomatoes?");
      await expect(page.getByRole("button", { name: "Answer again", exact: true })).toBeVisible();
      const cookies = await context.cookies();
      await context.close();
      await use({ server, cookies });
      await server.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],
});

for (const { name, theme, viewport } of [
  { name: "light", theme: "light", viewport: { width: 1_000, height: 640 } },
  { name: "dark", theme: "dark", viewport: { width: 1_000, height: 640 } },
  { name: "phone", theme: "light", viewport: { width: 360, height: 640 } },
] as const) {
  test.describe(name, () => {
    test.use({ viewport, colorScheme: theme, contextOptions: { reducedMotion: "reduce" } });

    test(`the main screens look as they should (${name})`, async ({ page, place }) => {
      const wrong: string[] = [];
      const { address } = place.server;
      const look = async (screen: string, mask: string[] = []) => {
        await page.evaluate(() => document.fonts.ready);
        await expect(page).toHaveScreenshot(`${screen}-${name}.png`, { mask: mask.map((part) => page.locator(part)) });
      };
      watch(page, address, wrong);
      await page.goto(`${address}/login`);
      await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
      await look("sign-in");
      await page.context().addCookies(place.cookies);
      await page.goto(address);
      await expect(page.getByRole("heading", { name: /What is on your mind/ })).toBeVisible();
      await look("beginning");
      await page.goto(`${address}/search?q=tomatoes`);
      await expect(page.getByRole("region", { name: "Results" }).getByRole("link")).toHaveCount(2);
      await look("search", [".hit-head > span"]);
      await page.getByRole("region", { name: "Results" }).getByRole("link").last().click();
      await expect(page.locator("math").first()).toBeAttached();
      await expect(page.locator(".hljs-keyword").first()).toBeAttached();
      await page.getByRole("region", { name: "Messages" }).evaluate((thread) => thread.scrollTo(0, 0));
      await look("thread");
      await page.goto(`${address}/settings/appearance`);
      const settings = page.locator(".page-body > section");
      await expect(settings).toBeVisible();
      await expect(settings).toHaveScreenshot(`settings-${name}.png`);
      expect(wrong).toEqual([]);
    });
  });
}
