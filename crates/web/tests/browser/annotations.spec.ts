import type { Page } from "@playwright/test";
import { answers, expect, newChat, questions, say, test } from "./fixtures";
import { asOwner } from "./people";

const up = (page: Page) => answers(page).first().getByRole("button", { name: "Good answer" });
const down = (page: Page) => answers(page).first().getByRole("button", { name: "Bad answer" });
const notes = (page: Page) => page.getByRole("region", { name: "Your notes" });
const editor = (page: Page, name: string) => page.getByRole("textbox", { name, exact: true });

async function ask(page: Page, text: string): Promise<void> {
  await newChat(page, "echo");
  await say(page, text);
  await expect(answers(page)).toContainText("You said:");
  await expect(up(page)).toBeEnabled();
}

async function addNote(page: Page, article: "Answer" | "You", text: string): Promise<void> {
  await page.getByRole("article", { name: article }).first().getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Add a note" }).click();
  await expect(editor(page, "Note")).toBeFocused();
  await editor(page, "Note").fill(text);
  await page.keyboard.press("Control+Enter");
}

test("an answer is judged, judged otherwise, explained, and no longer judged", async ({ chat }) => {
  await ask(chat, "How are tomatoes grown?");
  await up(chat).click();
  await expect(up(chat)).toHaveAttribute("aria-pressed", "true");
  await down(chat).click();
  await expect(down(chat)).toHaveAttribute("aria-pressed", "true");
  await expect(up(chat)).toHaveAttribute("aria-pressed", "false");
  await chat.getByRole("button", { name: "Say why" }).click();
  await editor(chat, "Why? (optional)").fill("It only repeats me.");
  await chat.getByRole("button", { name: "Save" }).click();
  await expect(notes(chat)).toContainText("It only repeats me.");
  await chat.reload();
  await expect(down(chat)).toHaveAttribute("aria-pressed", "true");
  await expect(notes(chat)).toContainText("It only repeats me.");
  await notes(chat).getByRole("button", { name: "Delete the remark" }).click();
  await expect(chat.getByRole("button", { name: "Say why" })).toBeVisible();
  await down(chat).click();
  await expect(notes(chat)).toHaveCount(0);
  await chat.reload();
  await expect(up(chat)).toHaveAttribute("aria-pressed", "false");
  await expect(down(chat)).toHaveAttribute("aria-pressed", "false");
});

test("notes stand under their messages, are changed and deleted", async ({ chat }) => {
  await ask(chat, "What about peppers?");
  await addNote(chat, "You", "Ask again in May.\nWith the soil in mind.");
  await expect(questions(chat).getByRole("region", { name: "Your notes" })).toContainText("Ask again in May.");
  await addNote(chat, "Answer", "Not what I meant.");
  await expect(answers(chat).getByRole("region", { name: "Your notes" })).toContainText("Not what I meant.");
  await expect(answers(chat).getByRole("button", { name: "More" })).toBeFocused();
  await answers(chat).getByRole("button", { name: "Edit the note" }).click();
  await editor(chat, "Note").fill("Not what I meant at all.");
  await chat.getByRole("button", { name: "Save" }).click();
  await chat.reload();
  await expect(answers(chat)).toContainText("Not what I meant at all.");
  await expect(questions(chat)).toContainText("With the soil in mind.");
  await answers(chat).getByRole("button", { name: "Delete the note" }).click();
  await chat.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(notes(chat)).toHaveCount(1);
  // Leaving without saving leaves nothing.
  await answers(chat).getByRole("button", { name: "More" }).click();
  await chat.getByRole("menuitem", { name: "Add a note" }).click();
  await editor(chat, "Note").fill("Never mind");
  await chat.keyboard.press("Escape");
  await expect(editor(chat, "Note")).toHaveCount(0);
  await expect(answers(chat).getByRole("button", { name: "More" })).toBeFocused();
  await chat.reload();
  await expect(notes(chat)).toHaveCount(1);
});

test("what the server refuses is taken back, and a note that was typed is not lost", async ({ chat, expected }) => {
  expected.push(/503/);
  await ask(chat, "Is this refused?");
  await chat.route(/\/messages\/[^/]+\/annotations$/, (route) =>
    route.request().method() === "POST"
      ? route.fulfill({
          status: 503,
          contentType: "application/problem+json",
          body: JSON.stringify({ type: "/problems/overloaded", title: "Overloaded", status: 503, detail: "Too much is going on.", trace_id: "0" }),
        })
      : route.continue(),
  );
  await up(chat).click();
  await expect(chat.getByText("The change was not saved.")).toBeVisible();
  await expect(up(chat)).toHaveAttribute("aria-pressed", "false");
  await addNote(chat, "Answer", "Worth keeping");
  await expect(editor(chat, "Note")).toHaveValue("Worth keeping");
  await expect(notes(chat).locator(".note")).toHaveCount(0);
  await chat.unrouteAll();
  await chat.getByRole("button", { name: "Save" }).click();
  await expect(notes(chat).locator(".note")).toContainText("Worth keeping");
});

test("what is noted elsewhere comes by itself", async ({ chat, server }) => {
  await ask(chat, "Who else writes here?");
  const id = await answers(chat).getAttribute("id");
  await asOwner(server, "POST", `/api/v1/messages/${id}/annotations`, { kind: "rating", rating: "up", note: "From the other room" });
  await expect(up(chat)).toHaveAttribute("aria-pressed", "true");
  await expect(notes(chat)).toContainText("From the other room");
});

test("a conversation is there before what is noted in it", async ({ chat }) => {
  await ask(chat, "Does this wait?");
  let release = () => {};
  const held = new Promise<void>((go) => (release = go));
  await chat.route(/\/conversations\/[^/]+\/annotations/, async (route) => {
    await held;
    await route.continue();
  });
  await chat.reload();
  await expect(answers(chat)).toContainText("You said: Does this wait?");
  await expect(up(chat)).toHaveAttribute("aria-disabled", "true");
  release();
  await expect(up(chat)).toHaveAttribute("aria-disabled", "false");
});
