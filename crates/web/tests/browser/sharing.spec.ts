import { answers, expect, newChat, say, test, watch } from "./fixtures";

test("a link shows a chat to anybody, as it is or was, until it is revoked", async ({ chat, browser, server }) => {
  test.setTimeout(60_000);
  await newChat(chat, "echo");
  await say(chat, "Tomatoes on a balcony");
  await expect(answers(chat)).toContainText("You said: Tomatoes on a balcony");
  const link = async (kind: string) => {
    await chat.getByRole("button", { name: "Share", exact: true }).click();
    const dialog = chat.getByRole("dialog");
    await dialog.getByLabel("What it shows").selectOption({ label: kind });
    await dialog.getByRole("button", { name: "Make a link" }).click();
    const address = (await dialog.locator(".new-key code").textContent()) ?? "";
    await chat.keyboard.press("Escape");
    return address;
  };
  await expect(chat.getByRole("button", { name: "Answer again", exact: true })).toBeVisible();
  const snapshot = await link("The chat as it is now");
  const live = await link("Also what is said later");
  expect(snapshot).toMatch(/\/share\/[0-9a-f-]{36}#\S+$/);
  await say(chat, "And peppers?");
  await expect(answers(chat)).toHaveCount(2);

  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  const wrong: string[] = [];
  watch(page, server.address, wrong);
  await page.goto(snapshot);
  await expect(page.getByRole("article", { name: "Question" })).toContainText("Tomatoes on a balcony");
  await expect(page.getByRole("article", { name: "Answer" })).toContainText("You said: Tomatoes on a balcony");
  await expect(page.getByRole("textbox")).toHaveCount(0);
  await page.goto(live);
  await expect(page.getByRole("article", { name: "Question" })).toHaveCount(2);
  expect(wrong).toEqual([]);
  // Without its secret, and once it is revoked, it leads nowhere.
  await page.goto("about:blank");
  await page.goto(snapshot.split("#")[0] ?? "");
  await expect(page.getByRole("heading", { name: "Nothing is here" })).toBeVisible();
  await chat.getByRole("button", { name: "Share", exact: true }).click();
  const revoke = chat.getByRole("dialog").getByRole("button", { name: /^Revoke the link/ });
  await expect(revoke).toHaveCount(2);
  await revoke.first().click();
  await expect(revoke).toHaveCount(1);
  await revoke.click();
  await expect(revoke).toHaveCount(0);
  await page.goto("about:blank");
  await page.goto(live);
  await expect(page.getByRole("heading", { name: "Nothing is here" })).toBeVisible();
  await context.close();
});
