import AxeBuilder from "@axe-core/playwright";
import { answers, composer, expect, newChat, say, test } from "./fixtures";

test("everything can be done with the keyboard alone", async ({ chat }) => {
  await chat.goto("/");
  await expect(composer(chat)).toBeFocused();
  await chat.keyboard.press("Shift+Tab");
  await chat.keyboard.type("  ");
  await chat.goto("/");
  await expect(composer(chat)).toBeFocused();
  // The model, by its button and a search.
  await chat.getByRole("button", { name: /^Model:/ }).focus();
  await chat.keyboard.press("Enter");
  await expect(chat.getByRole("combobox", { name: "Search models" })).toBeFocused();
  await chat.keyboard.type("echo");
  await chat.keyboard.press("Enter");
  await expect(chat.getByRole("button", { name: /Model: .*echo/ })).toBeFocused();
  await chat.keyboard.press("Control+Shift+O");
  await expect(composer(chat)).toBeFocused();
  await chat.keyboard.type("One line");
  await chat.keyboard.press("Shift+Enter");
  await chat.keyboard.type("and another");
  await chat.keyboard.press("Enter");
  await expect(answers(chat)).toContainText("You said: One line and another");
  await expect(composer(chat)).toBeFocused();
  // Back out of the composer to what can be done with the answer.
  await answers(chat).getByRole("button", { name: "Copy" }).focus();
  await expect(answers(chat).getByRole("button", { name: "Copy" })).toHaveCSS("opacity", "1");
  await chat.keyboard.press("Tab");
  await expect(answers(chat).getByRole("button", { name: "Edit" })).toBeFocused();
  // The sidebar: one stop, arrows within, a menu, a new name, and the focus back again.
  await chat.keyboard.press("Control+k");
  await expect(chat.getByRole("searchbox")).toBeFocused();
  await chat.goBack();
  await chat.getByRole("textbox", { name: "Filter by title" }).focus();
  await chat.keyboard.press("ArrowDown");
  await expect(chat.locator(".conversations a:focus")).toHaveCount(1);
  await chat.keyboard.press("F2");
  await chat.getByRole("textbox", { name: "Title of the chat" }).fill("By keyboard");
  await chat.keyboard.press("Enter");
  await expect(chat.getByRole("link", { name: "By keyboard" })).toBeFocused();
  await chat.keyboard.press("Tab");
  await chat.keyboard.press("Enter");
  await expect(chat.getByRole("menu")).toBeVisible();
  await chat.keyboard.press("Escape");
  await expect(chat.getByRole("button", { name: "More for “By keyboard”" })).toBeFocused();
  await chat.keyboard.press("Control+Shift+S");
  await expect(chat.getByRole("navigation", { name: "Conversations" })).toBeHidden();
  await chat.keyboard.press("Control+Shift+S");
  await expect(chat.getByRole("navigation", { name: "Conversations" })).toBeVisible();
  await chat.keyboard.press("Control+/");
  await expect(chat.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await chat.keyboard.press("Escape");
  await expect(chat.getByRole("dialog")).toBeHidden();
});

test("an answer is read aloud by sentences, not by tokens", async ({ chat, server }) => {
  await newChat(chat, "held");
  await say(chat, "Tell me");
  await expect(answers(chat)).toContainText("First half,");
  const live = chat.locator("[aria-live=polite][aria-atomic=true]");
  await chat.waitForTimeout(1_800);
  await expect(live).toHaveText("");
  server.upstream.release();
  await expect(live).toHaveText("First half, second half.");
});

test("nothing jumps while an answer streams and somebody reads further up", async ({ chat }) => {
  await newChat(chat, "rich");
  await say(chat, "First");
  await expect(chat.getByRole("button", { name: "Answer again", exact: true })).toBeVisible();
  await chat.getByRole("button", { name: /^Model:/ }).click();
  await chat.getByRole("option", { name: "slow" }).click();
  await say(chat, "Count");
  await expect(answers(chat).last()).toContainText("10 11");
  const thread = chat.getByRole("region", { name: "Messages" });
  await thread.hover();
  await chat.mouse.wheel(0, -600);
  await chat.waitForTimeout(300);
  const place = async () => Math.round((await chat.getByText("Never water the leaves.").boundingBox())?.y ?? -1);
  const before = await place();
  await expect(chat.getByRole("button", { name: "To the newest message" })).toBeVisible();
  await chat.waitForTimeout(1_500);
  expect(await place()).toBe(before);
  await chat.getByRole("button", { name: "To the newest message" }).click();
  await chat.waitForTimeout(800);
  const distance = await thread.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
  expect(distance).toBeLessThan(80);
  await chat.keyboard.press("Escape");
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  test("the whole app fits", async ({ chat }) => {
    const fits = async () => {
      const width = await chat.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBeLessThanOrEqual(360);
    };
    await chat.screenshot({ path: "../../target/web/screens/phone-beginning.png" });
    await fits();
    await newChat(chat, "rich");
    await composer(chat).fill("How do I grow tomatoes?");
    await chat.getByRole("button", { name: "Send" }).tap();
    await expect(chat.getByRole("button", { name: "Answer again", exact: true })).toBeVisible();
    await expect(chat.getByRole("button", { name: "Good answer" })).toBeVisible();
    await fits();
    await chat.screenshot({ path: "../../target/web/screens/phone-chat.png" });
    await chat.getByRole("button", { name: "Show the sidebar" }).tap();
    await expect(chat.getByRole("link", { name: "How do I grow tomatoes?" })).toBeVisible();
    await fits();
    await chat.screenshot({ path: "../../target/web/screens/phone-sidebar.png" });
    const { violations } = await new AxeBuilder({ page: chat }).analyze();
    expect(violations.map(({ id, nodes }) => ({ id, html: nodes[0]?.html }))).toEqual([]);
    await chat.getByRole("link", { name: "New chat", exact: true }).tap();
    await expect(chat.getByRole("navigation", { name: "Conversations" })).toBeHidden();
    for (const path of ["/settings/api-keys", "/settings/appearance", "/admin/people"]) {
      await chat.goto(path);
      await expect(chat.getByRole("heading", { level: 1 })).toBeVisible();
      await fits();
    }
  });
});

for (const [locale, hello, send] of [
  ["de-DE", "Was beschäftigt dich, Ada?", "Senden"],
  ["zh-CN", "Ada，想聊点什么？", "发送"],
] as const) {
  test.describe(`in ${locale}`, () => {
    test.use({ locale });
    test("the words are those of the browser's language", async ({ page, server }) => {
      await page.goto(server.address);
      await page.locator("input[name=email]").fill("ada@example.org");
      await page.locator("input[name=password]").fill("a long enough password");
      await page.locator("button[type=submit]").click();
      await expect(page.getByText(hello)).toBeVisible();
      await expect(page.getByRole("button", { name: send })).toBeVisible();
      await expect(page.locator("html")).toHaveAttribute("lang", /de|zh-Hans/);
    });
  });
}
