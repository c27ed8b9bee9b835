import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { answers, expect, newChat, say, signIn, test } from "./fixtures";
import { PASSWORD, asOwner, makeAccount } from "./people";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function look(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `../../target/web/screens/${name}.png`, animations: "disabled" });
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).exclude("[role=menu]").analyze();
  expect(violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html.slice(0, 160)) })), name).toEqual([]);
}

for (const theme of ["light", "dark"] as const) {
  test(`people, links and settings can be used by everybody, in ${theme}`, async ({ page, server, expected }) => {
    test.setTimeout(120_000);
    expected.push(/40[134]/);
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    for (const [path, heading] of [
      ["login#error=account_exists", "Sign in to Colloquy"],
      ["register", "Create an account"],
      ["forgot", "Forgotten password"],
      ["reset#token=x", "Choose a new password"],
      ["activate#token=x", "Your new account"],
      ["verify#token=x", "Confirm your address"],
      ["invitation#token=x", "Invitation"],
      ["reset", "Open the link again"],
      ["share/00000000-0000-7000-8000-000000000000#x", "Nothing is here"],
    ] as const) {
      await page.goto("about:blank");
      await page.goto(`${server.address}/${path}`);
      await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
      await look(page, `${path.replace(/[#/].*/, "")}-${heading.length}-${theme}`);
    }
    await makeAccount(server, { email: `axe-${theme}@example.org`, display_name: `Axel ${theme}`, password: PASSWORD });
    await signIn(page);
    await newChat(page, "echo");
    await say(page, "A chat to show");
    await expect(answers(page)).toContainText("You said:");
    await page.getByRole("button", { name: "Share", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Make a link" }).click();
    const link = (await page.locator("dialog .new-key code").textContent()) ?? "";
    await look(page, `share-dialog-${theme}`);
    await page.goto(link);
    await expect(page.getByRole("article", { name: "Question" })).toBeVisible();
    await look(page, `share-${theme}`);
    for (const [path, ready] of [
      ["settings/account", page.getByRole("heading", { name: "Change your name" })],
      ["settings/security", page.getByText("This one")],
      ["settings/data", page.getByRole("link", { name: "Download everything" })],
      ["settings/api-keys", page.getByText("Further limits")],
      ["admin/people", page.getByRole("row", { name: new RegExp(`Axel ${theme}`) })],
      ["admin/workspace", page.getByRole("group", { name: "Members" }).getByRole("row").nth(1)],
      ["admin/providers", page.getByRole("row", { name: /local/ })],
      ["admin/audit", page.getByRole("row").nth(1)],
    ] as const) {
      await page.goto(`/${path}`);
      await expect(ready.first()).toBeVisible();
      await look(page, `${path.replace("/", "-")}-${theme}`);
    }
    await page.goto("/settings/api-keys");
    await page.getByText("Further limits").click();
    await look(page, `settings-api-keys-limits-${theme}`);
    await page.goto("/settings/security");
    await page.getByRole("button", { name: "Set up an authenticator app" }).click();
    await page.getByRole("dialog").getByLabel("Present password").fill("a long enough password");
    await page.getByRole("button", { name: "Continue" }).click();
    await expect(page.getByRole("img", { name: /QR code/ })).toBeVisible();
    await look(page, `totp-${theme}`);
    await page.goto("/settings/data");
    await page.getByRole("button", { name: "Delete my account" }).click();
    await look(page, `delete-account-${theme}`);
    await page.goto("/admin/people");
    await page.getByRole("button", { name: `Manage Axel ${theme}` }).click();
    await page.getByRole("button", { name: "Link for a new password" }).click();
    await expect(page.locator("dialog .new-key")).toBeVisible();
    await look(page, `person-${theme}`);
    await page.goto("/admin/providers");
    await page.getByRole("button", { name: "Add a provider" }).click();
    await look(page, `provider-${theme}`);
    const { id } = (await asOwner(server, "POST", "/api/v1/projects", { name: `Balcony ${theme}`, description: "All that grows." })) as {
      id: string;
    };
    await page.goto(`/projects/${id}`);
    await expect(page.getByRole("heading", { level: 1, name: "Balcony" })).toBeVisible();
    await look(page, `project-${theme}`);
    await page.getByRole("button", { name: "People" }).click();
    await expect(page.getByRole("dialog").getByText("Ada")).toBeVisible();
    await look(page, `project-people-${theme}`);
    await page.goto(`/?project=${id}`);
    await say(page, "In the project");
    await expect(page.getByRole("main").getByRole("link", { name: `Balcony ${theme}` })).toBeVisible();
    await look(page, `project-chat-${theme}`);
  });
}

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  test("the screens of people fit", async ({ chat }) => {
    for (const path of ["settings/account", "settings/security", "settings/data", "admin/people", "admin/workspace", "admin/providers", "admin/audit"]) {
      await chat.goto(`/${path}`);
      await expect(chat.getByRole("heading", { level: 1 })).toBeVisible();
      await chat.waitForLoadState("networkidle");
      expect(await chat.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(360);
    }
  });
});
