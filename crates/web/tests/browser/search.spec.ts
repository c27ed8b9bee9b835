import type { Page } from "@playwright/test";
import { answers, expect, newChat, say, test } from "./fixtures";
import { asOwner, makeChat } from "./people";

const box = (page: Page) => page.getByRole("searchbox");
const hits = (page: Page) => page.getByRole("region", { name: "Results" }).getByRole("link");
const chips = (page: Page) => page.getByRole("main").getByRole("list", { name: "Filters" }).getByRole("button");

test("the empty search teaches what it can be narrowed down by", async ({ chat, server }) => {
  await asOwner(server, "POST", "/api/v1/tags", { name: "Winter garden" });
  await chat.goto("/search");
  const lesson = chat.getByRole("region", { name: "Narrow it down" });
  await expect(lesson.getByRole("listitem")).toHaveCount(8);
  await lesson.getByRole("button", { name: 'tag:"Winter garden"' }).click();
  await expect(box(chat)).toBeFocused();
  await expect(box(chat)).toHaveValue('tag:"Winter garden" ');
  await expect(chips(chat)).toHaveText(['tag:"Winter garden"']);
});

test("filters among the words narrow the messages down, and are taken away one by one", async ({ chat, server }) => {
  const tag = (await asOwner(server, "POST", "/api/v1/tags", { name: "Zoo" })) as { id: string };
  for (const animal of ["lemur", "tapir"]) {
    await newChat(chat, "echo");
    await say(chat, `The ${animal} likes papaya`);
    await expect(answers(chat)).toContainText("You said:");
  }
  const id = chat.url().split("/").pop() ?? "";
  await asOwner(server, "PUT", `/api/v1/conversations/${id}/tags/${tag.id}`, undefined);
  await chat.goto("/search?q=papaya");
  await expect(hits(chat)).toHaveCount(4);
  await box(chat).fill("papaya tag:zoo");
  await expect(hits(chat)).toHaveCount(2);
  await expect(hits(chat).first()).toContainText("tapir");
  await expect(chat).toHaveURL(/\/search\?q=papaya\+tag%3Azoo$/);
  await box(chat).fill("role:user papaya tag:zoo");
  await expect(hits(chat)).toHaveCount(1);
  await expect(chips(chat)).toHaveText(["role:user", "tag:zoo"]);
  await chat.getByRole("button", { name: "Remove the filter: tag:zoo" }).click();
  await expect(box(chat)).toHaveValue("role:user papaya");
  await expect(hits(chat)).toHaveCount(2);
  await box(chat).fill("papaya model:echo");
  await expect(hits(chat)).toHaveCount(2);
  await box(chat).fill(`papaya before:${new Date().getFullYear()}-01-01`);
  await expect(chat.getByText("Nothing contains “papaya” there.")).toBeVisible();
  await box(chat).fill("papaya after:2020");
  await expect(hits(chat)).toHaveCount(4);
  await hits(chat).first().click();
  await chat.goBack();
  await expect(box(chat)).toHaveValue("papaya after:2020");
});

test("filters without words show chats", async ({ chat, server }) => {
  const { id: project_id } = (await asOwner(server, "POST", "/api/v1/projects", { name: "Spring house" })) as { id: string };
  await makeChat(server, "Windows of the house", { project_id });
  const pinned = await makeChat(server, "Always at hand");
  await asOwner(server, "PATCH", `/api/v1/conversations/${pinned}`, { pinned: true });
  const put = await makeChat(server, "Put away");
  await asOwner(server, "PATCH", `/api/v1/conversations/${put}`, { archived: true });
  await chat.goto(`/search?q=${encodeURIComponent('project:"spring house"')}`);
  await expect(hits(chat)).toHaveText([/Windows of the house/]);
  await box(chat).fill("pinned:yes");
  await expect(hits(chat).filter({ hasText: "Always at hand" })).toHaveCount(1);
  await expect(hits(chat).filter({ hasText: "Put away" })).toHaveCount(0);
  await box(chat).fill("archived:yes");
  await expect(hits(chat).filter({ hasText: "Put away" })).toHaveCount(1);
  await expect(hits(chat).filter({ hasText: "Always at hand" })).toHaveCount(0);
  await box(chat).fill("before:2001");
  await expect(chat.getByText("No chat is like that.")).toBeVisible();
});

test("what a filter does not understand is said", async ({ chat }) => {
  await chat.goto("/search?q=tag:nowhere+rain");
  await expect(chat.getByText("You have no tag “nowhere”.")).toBeVisible();
  await box(chat).fill("rain before:soon pinned:often");
  await expect(chat.getByText("before: needs a day (2026-05-31), a month (2026-05) or a year.")).toBeVisible();
  await expect(chat.getByText("pinned: needs yes or no.")).toBeVisible();
  await box(chat).fill("role:user");
  await expect(chat.getByText("Add words: role: and model: are about messages.")).toBeVisible();
});
