import type { Page } from "@playwright/test";
import { OWNER, answers, expect, newChat, questions, say, test } from "./fixtures";

const link = (page: Page, title: string) => page.getByRole("navigation", { name: "Conversations" }).getByRole("link", { name: title, exact: true });

async function choose(page: Page, title: string, entry: string): Promise<void> {
  await link(page, title).hover();
  await page.getByRole("button", { name: `More for “${title}”` }).click();
  await page.getByRole("menuitem", { name: entry }).click();
}

/** Makes conversations as a program would, and with them changes that happen elsewhere. */
async function make(page: Page, titles: string[]): Promise<void> {
  await page.evaluate(async (all) => {
    const me = (await (await fetch("/api/v1/me")).json()) as { csrf_token: string };
    for (const title of all) {
      await fetch("/api/v1/conversations", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": me.csrf_token },
        body: JSON.stringify({ title }),
      });
    }
  }, titles);
}

test("a chat is renamed, pinned, archived and deleted", async ({ chat }) => {
  await make(chat, ["Draft of a letter"]);
  await expect(link(chat, "Draft of a letter")).toBeVisible();
  await choose(chat, "Draft of a letter", "Rename");
  await chat.getByRole("textbox", { name: "Title of the chat" }).fill("Letter to the mayor");
  await chat.keyboard.press("Enter");
  await expect(link(chat, "Letter to the mayor")).toBeFocused();
  await choose(chat, "Letter to the mayor", "Pin");
  await expect(chat.getByRole("heading", { name: "Pinned" })).toBeVisible();
  await choose(chat, "Letter to the mayor", "Archive");
  await expect(link(chat, "Letter to the mayor")).toBeHidden();
  await chat.getByRole("button", { name: "Archived chats" }).click();
  await expect(link(chat, "Letter to the mayor")).toBeVisible();
  await link(chat, "Letter to the mayor").click();
  await choose(chat, "Letter to the mayor", "Delete");
  await chat.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(link(chat, "Letter to the mayor")).toBeHidden();
  await expect(chat).toHaveURL(/\/$/);
  await chat.getByRole("button", { name: "Back to your chats" }).click();
});

test("a change that the server refuses is taken back", async ({ chat, expected }) => {
  expected.push(/503/);
  await make(chat, ["Stays as it is"]);
  await chat.route("**/api/v1/conversations/*", (route) =>
    route.request().method() === "PATCH"
      ? route.fulfill({
          status: 503,
          contentType: "application/problem+json",
          body: JSON.stringify({ type: "/problems/overloaded", title: "Overloaded", status: 503, detail: "Too much is going on.", trace_id: "0" }),
        })
      : route.continue(),
  );
  await choose(chat, "Stays as it is", "Archive");
  await expect(chat.getByText("The change was not saved.")).toBeVisible();
  await expect(link(chat, "Stays as it is")).toBeVisible();
});

test("many are archived and deleted at once", async ({ chat }) => {
  await make(chat, ["Bulk 1", "Bulk 2", "Bulk 3"]);
  await chat.getByRole("button", { name: "Select several" }).click();
  for (const title of ["Bulk 1", "Bulk 2"]) await chat.getByRole("checkbox", { name: `Select “${title}”` }).check();
  await expect(chat.getByText("2 selected")).toBeVisible();
  await chat.getByRole("toolbar", { name: "Select several" }).getByRole("button", { name: "Archive" }).click();
  await expect(link(chat, "Bulk 1")).toBeHidden();
  await expect(link(chat, "Bulk 3")).toBeVisible();
  await chat.getByRole("button", { name: "Archived chats" }).click();
  await chat.getByRole("button", { name: "Select several" }).click();
  for (const title of ["Bulk 1", "Bulk 2"]) await chat.getByRole("checkbox", { name: `Select “${title}”` }).check();
  await chat.getByRole("toolbar").first().getByRole("button", { name: "Delete" }).click();
  await expect(chat.getByRole("heading", { name: "Delete 2 chats?" })).toBeVisible();
  await chat.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(link(chat, "Bulk 1")).toBeHidden();
  await chat.reload();
  await expect(link(chat, "Bulk 3")).toBeVisible();
  await expect(link(chat, "Bulk 1")).toBeHidden();
});

test("a search leads to the very message, on its branch", async ({ chat }) => {
  await newChat(chat, "echo");
  await say(chat, "The walrus waits by the river");
  await expect(answers(chat)).toContainText("You said: The walrus");
  await chat.getByRole("button", { name: "Answer again", exact: true }).click();
  await expect(chat.getByRole("group", { name: "Version 2 of 2" })).toBeVisible();
  await expect(chat.getByRole("button", { name: "Answer again", exact: true })).toBeVisible();
  await chat.getByRole("textbox", { name: "Message", exact: true }).press("ArrowUp");
  await chat.getByRole("textbox", { name: "Edit the message" }).fill("Something else altogether");
  await chat.getByRole("button", { name: "Save and rerun" }).click();
  await expect(answers(chat)).toContainText("You said: Something else");
  await chat.keyboard.press("Control+k");
  await expect(chat.getByRole("searchbox")).toBeFocused();
  await chat.keyboard.type("walrus river");
  await expect(chat).toHaveURL(/\/search\?q=walrus/);
  const hits = chat.getByRole("region", { name: "Results" }).getByRole("link");
  await expect(hits).toHaveCount(3);
  await expect(hits.first().locator("mark").first()).toHaveText(/walrus/i);
  await chat.getByRole("combobox", { name: "Order" }).selectOption("best");
  await expect(hits).toHaveCount(3);
  await hits.filter({ hasText: "You ·" }).click();
  await expect(questions(chat)).toContainText("The walrus waits by the river");
  await expect(answers(chat)).toContainText("You said: The walrus");
  await chat.goBack();
  await expect(chat.getByRole("searchbox")).toHaveValue("walrus river");
  await chat.getByRole("searchbox").fill("zzzyyy");
  await expect(chat.getByText("Nothing contains “zzzyyy”.")).toBeVisible();
});

test("what a search finds is read without marks, and several chats of it are put away or deleted at once", async ({ chat }) => {
  for (const title of ["First", "Second", "Third"]) {
    await newChat(chat, "echo");
    await say(chat, `${title}: the **quokka** sleeps in \`my_burrow\``);
    await expect(answers(chat)).toContainText("You said:");
  }
  await chat.goto("/search?q=quokka");
  const results = chat.getByRole("region", { name: "Results" });
  const hits = results.getByRole("link");
  await expect(hits).toHaveCount(6);
  await expect(hits.filter({ hasText: "You ·" }).first()).toContainText("the quokka sleeps in my_burrow");
  await results.getByRole("button", { name: "Select several" }).click();
  const boxes = (title: string) => results.getByRole("checkbox", { name: new RegExp(`Select “${title}`) });
  await boxes("First").first().check();
  // Every passage of the same chat is chosen with it.
  await expect(boxes("First").last()).toBeChecked();
  await boxes("Second").first().check();
  await expect(results.getByText("2 selected")).toBeVisible();
  await results.getByRole("toolbar", { name: "Select several" }).getByRole("button", { name: "Delete" }).click();
  // They are gone from the page at once; a reload before the server knows would bring them back.
  const deleted = chat.waitForResponse(/\/api\/v1\/batch$/);
  await chat.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(hits).toHaveCount(2);
  await deleted;
  await expect(results.getByRole("checkbox")).toHaveCount(0);
  await chat.reload();
  await expect(hits).toHaveCount(2);
  await results.getByRole("button", { name: "Select several" }).click();
  await boxes("Third").first().check();
  await results.getByRole("toolbar", { name: "Select several" }).getByRole("button", { name: "Archive" }).click();
  await chat.getByRole("button", { name: "Archived chats" }).click();
  await expect(chat.getByRole("navigation", { name: "Conversations" }).getByRole("link", { name: /^Third/ })).toBeVisible();
});

test("titles are filtered on the server, and many chats scroll", async ({ chat }) => {
  test.setTimeout(60_000);
  await make(chat, Array.from({ length: 260 }, (_, index) => `Numbered ${String(index).padStart(3, "0")}`));
  await expect(link(chat, "Numbered 259")).toBeVisible();
  await chat.reload();
  await expect(link(chat, "Numbered 259")).toBeVisible();
  const rows = await chat.locator(".conversations li").count();
  expect(rows).toBeLessThan(60);
  await chat.getByRole("textbox", { name: "Filter by title" }).fill("numbered 007");
  await expect(link(chat, "Numbered 007")).toBeVisible();
  await expect(link(chat, "Numbered 259")).toBeHidden();
  await chat.keyboard.type("x");
  await expect(chat.getByText("No title contains “numbered 007x”.")).toBeVisible();
  await chat.keyboard.press("Escape");
  await expect(link(chat, "Numbered 259")).toBeVisible();
  const list = chat.locator(".conversations");
  // Other tests have made chats before, which stand below.
  for (let step = 0; step < 80 && !(await link(chat, "Numbered 000").isVisible()); step += 1) {
    await list.evaluate((element) => element.scrollBy(0, element.clientHeight * 0.7));
    await chat.waitForTimeout(120);
  }
  await expect(link(chat, "Numbered 000")).toBeVisible();
});

test("keys are made and revoked, and people added", async ({ chat, server, browser }) => {
  await chat.goto("/settings/api-keys");
  await chat.getByLabel("Name of the key").fill("A script");
  await chat.getByRole("button", { name: "Create a key" }).click();
  const key = await chat.locator(".new-key code").innerText();
  expect(key).toMatch(/^clq_/);
  const asked = await fetch(`${server.address}/api/v1/me`, { headers: { "X-Api-Key": key } });
  expect(asked.status).toBe(200);
  await chat.getByRole("button", { name: "Revoke A script" }).click();
  await chat.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(chat.getByRole("button", { name: "Revoke A script" })).toBeHidden();
  await chat.goto("/admin/people");
  await chat.getByLabel("Name", { exact: true }).fill("Grace");
  await chat.getByLabel("E-mail address").fill("grace@example.org");
  await chat.getByLabel("First password").fill("another long password");
  await chat.getByRole("button", { name: "Create the account" }).click();
  await expect(chat.getByRole("cell", { name: "grace@example.org" })).toBeVisible();
  await expect(chat.getByRole("cell", { name: OWNER.email })).toBeVisible();
  const other = await browser.newPage({ baseURL: server.address });
  await other.goto("/login");
  await other.getByLabel("E-mail address").fill("grace@example.org");
  await other.getByLabel("Password").fill("another long password");
  await other.getByRole("button", { name: "Sign in" }).click();
  await expect(other.getByText("What is on your mind, Grace?")).toBeVisible();
  await expect(other.getByText("Your chats will appear here.")).toBeVisible();
  await other.goto("/admin/people");
  await expect(other.getByText("This is for administrators.")).toBeVisible();
  await other.close();
});

test("signing out leaves nothing of the person on the device", async ({ chat }) => {
  await newChat(chat, "echo");
  await say(chat, "Private matter");
  await expect(answers(chat)).toContainText("You said");
  await chat.getByRole("textbox", { name: "Message", exact: true }).fill("A secret draft");
  await chat.getByRole("button", { name: "Account: Ada" }).click();
  await chat.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(chat.getByRole("heading", { name: "Sign in to Colloquy" })).toBeVisible();
  const left = await chat.evaluate(() => JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.body.innerText);
  expect(left).not.toContain("secret");
  expect(left).not.toContain("Private");
});
