import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { pretendMany } from "./many";

const link = (page: Page, number: number) => page.getByRole("link", { name: `Number ${number}`, exact: true });

test("a sidebar of 100,000 chats loads what is seen, and holds no more than that", async ({ chat }) => {
  test.setTimeout(90_000);
  const asked = await pretendMany(chat, 100_000);
  await chat.goto("/");
  await expect(link(chat, 0)).toBeVisible();
  // The list is read once when the page opens, and again once the socket listens.
  expect(asked.pages).toBeLessThan(4);
  const list = chat.locator(".conversations");
  const rows = list.locator("li");
  const numbers = () => rows.locator("a").evaluateAll((links) => links.map((one) => Number(one.textContent?.split(" ")[1])));
  await expect(async () => {
    await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    expect((await numbers()).at(-1)).toBeGreaterThan(2_500);
  }).toPass({ intervals: [60] });
  expect(await rows.count()).toBeLessThan(70);
  // Back to the top at once: one page, not all those in between.
  const before = asked.pages;
  await list.evaluate((element) => element.scrollTo(0, 0));
  await expect(link(chat, 0)).toBeVisible();
  await expect(link(chat, 5)).toBeVisible();
  expect(asked.pages - before).toBeLessThan(4);
  // And down again to what was let go meanwhile.
  const height = await list.evaluate((element) => element.scrollHeight);
  await list.evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
  await expect.poll(async () => (await numbers()).length).toBeGreaterThan(20);
  const middle = (await numbers())[0] ?? 0;
  // The page with the middle comes first, and then those beside it.
  expect(Math.abs(middle - height / 38 / 2)).toBeLessThan(130);
  expect(Math.abs((await list.evaluate((element) => element.scrollHeight)) - height)).toBeLessThan(400);
  // By steps upwards nothing is missing, and nothing jumps.
  for (let step = 0; step < 20; step += 1) {
    await list.evaluate((element) => element.scrollBy(0, -400));
    await expect.poll(async () => (await numbers()).length).toBeGreaterThan(20);
    const seen = await numbers();
    expect(seen).toEqual(seen.map((_, index) => (seen[0] ?? 0) + index));
  }
  expect((await numbers())[0]).toBeLessThan(middle - 150);
  expect(await rows.count()).toBeLessThan(70);
});
