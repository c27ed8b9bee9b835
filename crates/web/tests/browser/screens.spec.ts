import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { answers, expect, newChat, say, signIn, test } from "./fixtures";
import { asOwner } from "./people";

/** Where the pictures of the main screens are left, for people and for the README. */
const FOLDER = "../../target/web/screens";

const TAGS_OF_PERSON = [
  ["Home", "green"],
  ["Taxes", "red"],
  ["للحديقة", "blue"],
  ["Read later", "yellow"],
] as const;
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function look(page: Page, name: string): Promise<void> {
  // Nothing moves while it is looked at.
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: `${FOLDER}/${name}.png`, animations: "disabled" });
  // An open menu lies over the page and is no landmark's.
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).exclude("[role=menu]").analyze();
  expect(violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html.slice(0, 160)) })), name).toEqual([]);
}

for (const theme of ["light", "dark"] as const) {
  test(`every screen can be used by everybody, in ${theme}`, async ({ page, server, expected }) => {
    expected.push(/404/);
    // Both themes share a server, with other tests too.
    const { items: made } = (await asOwner(server, "GET", "/api/v1/tags", undefined)) as { items: { name: string }[] };
    const missing = TAGS_OF_PERSON.filter(([wanted]) => !made.some(({ name }) => name === wanted));
    for (const [name, color] of missing) await asOwner(server, "POST", "/api/v1/tags", { name, color });
    test.setTimeout(120_000);
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await page.goto("/login");
    await expect(page.getByRole("heading", { name: "Sign in to Colloquy" })).toBeVisible();
    await look(page, `sign-in-${theme}`);
    await signIn(page);
    for (const title of ["Tax return: what is missing", "سؤال عن الطماطم", "A trip to Lisbon in May", "Rust lifetimes, once more"]) {
      await newChat(page, "echo");
      await say(page, title);
      await expect(answers(page)).toContainText("You said:");
    }
    await page.goto("/");
    await expect(page.getByRole("heading", { name: /What is on your mind/ })).toBeVisible();
    await expect(page.getByRole("region", { name: "Tags" }).getByRole("button", { name: "للحديقة" })).toBeVisible();
    await look(page, `beginning-${theme}`);
    await newChat(page, "rich");
    await say(page, "How do I grow tomatoes on a balcony?");
    await expect(page.getByRole("button", { name: "Answer again", exact: true })).toBeVisible();
    await expect(page.locator("math").first()).toBeAttached();
    await expect(page.locator(".hljs-keyword").first()).toBeAttached();
    await look(page, `chat-${theme}`);
    await page.getByRole("region", { name: "Messages" }).evaluate((thread) => thread.scrollTo(0, 0));
    await look(page, `chat-top-${theme}`);
    await page.getByRole("button", { name: /^Model:/ }).click();
    await expect(page.getByRole("option").first()).toBeVisible();
    await look(page, `models-${theme}`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Tags", exact: true }).click();
    for (const name of ["Home", "للحديقة"]) await page.getByRole("option", { name }).click();
    await page.getByRole("combobox", { name: "Search or create tags" }).fill("h");
    await look(page, `tags-${theme}`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Manage tags" }).click();
    await expect(page.getByLabel("Name of Home")).toBeVisible();
    await look(page, `manage-tags-${theme}`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Good answer" }).click();
    await page.getByRole("button", { name: "Say why" }).click();
    await page.getByRole("textbox", { name: "Why? (optional)" }).fill("The table is what I needed.");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("article", { name: "Answer" }).getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Add a note" }).click();
    await page.getByRole("textbox", { name: "Note", exact: true }).fill("اسأل مرة أخرى في مايو\nAsk again in May.");
    await page.keyboard.press("Control+Enter");
    await expect(page.getByRole("region", { name: "Your notes" })).toContainText("Ask again in May.");
    await page.getByRole("article", { name: "Answer" }).getByRole("button", { name: "Edit the note" }).click();
    await page.getByRole("region", { name: "Messages" }).evaluate((thread) => thread.scrollTo(0, thread.scrollHeight));
    await look(page, `notes-${theme}`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Filters", exact: true }).click();
    await page.getByRole("dialog", { name: "Filters" }).getByLabel("Tag").selectOption("Home");
    await look(page, `filters-${theme}`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Remove the filter: Home" }).click();
    await page.getByRole("button", { name: "Instructions and parameters" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await look(page, `details-${theme}`);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+/");
    await expect(page.getByRole("heading", { name: "Keyboard shortcuts" })).toBeVisible();
    await look(page, `shortcuts-${theme}`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^More for/ }).first().focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("menu")).toBeVisible();
    await look(page, `menu-${theme}`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Select several" }).click();
    await page.getByRole("checkbox").first().check();
    await look(page, `selection-${theme}`);
    await newChat(page, "thinker");
    await say(page, "What is the weather?");
    await expect(page.getByText("Calls weather")).toBeVisible();
    await page.getByText("Calls weather").click();
    await look(page, `tools-${theme}`);
    await newChat(page, "broken");
    await say(page, "Does this work?");
    await expect(page.getByText("The answer failed.")).toBeVisible();
    await look(page, `failed-${theme}`);
    await page.goto("/search?q=tomatoes");
    await expect(page.getByRole("region", { name: "Results" }).getByRole("link").first()).toBeVisible();
    await look(page, `search-${theme}`);
    await page.goto(`/search?q=${encodeURIComponent("tomatoes role:user after:2020 before:soon")}`);
    await expect(page.getByText("before: needs a day")).toBeVisible();
    await look(page, `search-wrong-${theme}`);
    await page.goto("/search?q=tag:home");
    await expect(page.getByRole("region", { name: "Results" }).getByRole("link").first()).toBeVisible();
    await look(page, `search-chats-${theme}`);
    await page.goto("/search");
    await expect(page.getByRole("region", { name: "Narrow it down" })).toBeVisible();
    await look(page, `search-empty-${theme}`);
    for (const [path, heading] of [
      ["settings/account", "Settings"],
      ["settings/appearance", "Settings"],
      ["settings/api-keys", "Settings"],
      ["admin/people", "Administration"],
      ["admin/models", "Administration"],
    ] as const) {
      await page.goto(`/${path}`);
      await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
      await look(page, `${path.replace("/", "-")}-${theme}`);
    }
    await page.goto("/c/00000000-0000-7000-8000-000000000000");
    await expect(page.getByRole("heading", { name: "Nothing is here" })).toBeVisible();
    await look(page, `nothing-${theme}`);
  });
}
