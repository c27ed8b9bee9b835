import { expect, test as base } from "@playwright/test";
import { answers, composer, test, watch } from "./fixtures";
import { Server } from "./server";

base("a person who opens the set-up link is soon in a chat", async ({ page }) => {
  const server = await Server.start();
  try {
    const wrong: string[] = [];
    watch(page, server.address, wrong);
    await page.goto(server.address);
    await expect(page.getByRole("heading", { name: "Open the set-up link" })).toBeVisible();
    await page.goto(server.setUpLink);
    await expect(page).toHaveURL(`${server.address}/setup`);
    await page.getByLabel("Your name").fill("Ada");
    await page.getByLabel("E-mail address").fill("ada@example.org");
    await page.getByLabel("Password").fill("short");
    await page.getByRole("button", { name: "Create my account" }).click();
    await expect(page.getByLabel("Password")).toHaveAttribute("aria-invalid", "true");
    await page.getByLabel("Password").fill("a long enough password");
    await page.getByRole("button", { name: "Create my account" }).click();
    await expect(page.getByRole("heading", { name: "What is on your mind, Ada?" })).toBeVisible();
    await composer(page).fill("Hello");
    await composer(page).press("Enter");
    await expect(answers(page)).toHaveCount(1);
    await expect(page).toHaveURL(/\/c\/[0-9a-f-]{36}$/);
    expect(wrong.filter((line) => !line.includes("422"))).toEqual([]);
  } finally {
    await server.stop();
  }
});

test("signing in leads to where one wanted to go", async ({ page, expected }) => {
  expected.push(/401/);
  await page.goto("/settings/appearance");
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel("E-mail address").fill("ada@example.org");
  await page.getByLabel("Password").fill("wrong password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("wrong");
  await page.getByLabel("Password").fill("a long enough password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await expect(page).toHaveURL(/\/settings\/appearance$/);
});
