import { answers, composer, expect, newChat, questions, say, test } from "./fixtures";
import { until } from "./server";

test("an answer streams, and tells what it took", async ({ chat }) => {
  await newChat(chat, "echo");
  await say(chat, "Hello there");
  await expect(answers(chat)).toContainText("You said: Hello there");
  await expect(answers(chat)).toContainText("local/echo");
  await expect(answers(chat)).toContainText("1,234 in");
  await expect(chat.getByRole("link", { name: "Hello there" })).toHaveAttribute("aria-current", "page");
});

test("stopping keeps what had arrived", async ({ chat }) => {
  await newChat(chat, "slow");
  await say(chat, "Count");
  await expect(answers(chat)).toContainText("12 13");
  await chat.keyboard.press("Escape");
  await expect(answers(chat)).toContainText("You stopped this answer.");
  const kept = await answers(chat).locator(".markdown").innerText();
  expect(kept).toMatch(/^1 2 3 [\d\s]+$/);
  await chat.reload();
  await expect(answers(chat).locator(".markdown")).toHaveText(kept);
});

test("a question is edited in its place, or asked anew on a branch of its own", async ({ chat }) => {
  await newChat(chat, "echo");
  await say(chat, "First");
  await expect(answers(chat)).toContainText("You said: First");
  await composer(chat).press("ArrowUp");
  const editor = chat.getByRole("textbox", { name: "Edit the message" });
  await editor.fill("Second");
  await chat.getByRole("button", { name: "Save", exact: true }).click();
  await expect(questions(chat)).toContainText("Second");
  await expect(questions(chat)).toContainText("edited");
  await expect(answers(chat)).toContainText("You said: First");
  await expect(composer(chat)).toBeFocused();
  await composer(chat).press("ArrowUp");
  await editor.fill("Third");
  await chat.getByRole("button", { name: "Save and rerun" }).click();
  await expect(answers(chat)).toContainText("You said: Third");
  await expect(questions(chat)).toHaveCount(1);
  await expect(chat.getByRole("group", { name: "Version 2 of 2" })).toBeVisible();
  await chat.getByRole("button", { name: "Previous version" }).click();
  await expect(questions(chat)).toContainText("Second");
  await expect(answers(chat)).toContainText("You said: First");
  await chat.reload();
  await expect(questions(chat)).toContainText("Second");
  await chat.getByRole("button", { name: "Next version" }).click();
  await expect(answers(chat)).toContainText("You said: Third");
});

test("a question is answered again, by the same model and by another one", async ({ chat, server }) => {
  await newChat(chat, "echo");
  await say(chat, "Again");
  await expect(answers(chat)).toContainText("You said: Again");
  await chat.getByRole("button", { name: "Answer again", exact: true }).click();
  await expect(chat.getByRole("group", { name: "Version 2 of 2" })).toBeVisible();
  await chat.getByRole("button", { name: "Answer again with …" }).click();
  await chat.getByRole("option", { name: "thinker" }).click();
  await expect(answers(chat)).toContainText("I will look that up.");
  await expect(answers(chat)).toContainText("local/thinker");
  expect(server.upstream.asked.at(-1)?.model).toBe("thinker");
  await expect(chat.getByRole("group", { name: "Version 3 of 3" })).toBeVisible();
});

test("what is sent during an answer waits its turn", async ({ chat, server }) => {
  await newChat(chat, "held");
  await say(chat, "One");
  await expect(answers(chat)).toContainText("First half,");
  await say(chat, "Two");
  await expect(chat.getByText("Waits for the answer")).toBeVisible();
  await say(chat, "Three");
  await expect(chat.getByText("Waits for the answer")).toHaveCount(2);
  await chat.getByRole("button", { name: "Discard" }).last().click();
  server.upstream.release();
  await expect(answers(chat).first()).toContainText("First half, second half.");
  await expect(answers(chat)).toHaveCount(2);
  await expect(questions(chat).last()).toContainText("Two");
  await until("the second answer is held", () => server.upstream.holding > 0);
  server.upstream.release();
  await expect(answers(chat).last()).toContainText("second half.");
  await expect(questions(chat)).toHaveCount(2);
});

test("a draft survives a reload, and each chat has its own", async ({ chat }) => {
  await newChat(chat, "echo");
  await say(chat, "Something");
  await expect(answers(chat)).toContainText("You said");
  await composer(chat).fill("Half a thought");
  await chat.getByRole("link", { name: "New chat" }).click();
  await expect(composer(chat)).toHaveValue("");
  await composer(chat).fill("Another one");
  await chat.getByRole("link", { name: "Something" }).click();
  await expect(composer(chat)).toHaveValue("Half a thought");
  await chat.reload();
  await expect(composer(chat)).toHaveValue("Half a thought");
  await chat.goto("/");
  await expect(composer(chat)).toHaveValue("Another one");
  await composer(chat).fill("");
});

test("a text file goes along", async ({ chat, server }) => {
  await newChat(chat, "echo");
  await chat.locator("input[type=file]").setInputFiles({
    name: "notes.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("remember the milk"),
  });
  await expect(chat.getByRole("button", { name: "Remove notes.txt" })).toBeVisible();
  await chat.locator("input[type=file]").setInputFiles({
    name: "picture.bin",
    mimeType: "application/octet-stream",
    buffer: Buffer.from([0xff, 0xfe, 0x00]),
  });
  await expect(chat.getByText("Only text files and pictures can be attached today.")).toBeVisible();
  await say(chat, "What does it say?");
  await expect(answers(chat)).toContainText("You said:");
  await expect(questions(chat).getByText("notes.txt")).toBeVisible();
  expect(JSON.stringify(server.upstream.asked.at(-1))).toContain("remember the milk");
});

test("a picture is pasted, made as small as it has to be, and goes along", async ({ chat, server }) => {
  await newChat(chat, "echo");
  await composer(chat).evaluate(async (area) => {
    const canvas = document.createElement("canvas");
    canvas.width = 3_000;
    canvas.height = 1_000;
    const context = canvas.getContext("2d");
    const noise = context?.createImageData(3_000, 1_000);
    if (!context || !noise) throw new Error("no canvas");
    for (let at = 0; at < noise.data.length; at += 1) noise.data[at] = (at * 2_654_435_761) % 251;
    context.putImageData(noise, 0, 0);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([blob as Blob], "image.png", { type: "image/png" }));
    area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  });
  await expect(chat.getByRole("button", { name: "Remove Picture" })).toBeVisible();
  await chat.reload();
  await expect(chat.getByRole("button", { name: "Remove Picture" })).toBeVisible();
  await say(chat, "What do you see?");
  await expect(answers(chat)).toContainText("You said:");
  const picture = questions(chat).getByRole("img", { name: "Picture" });
  await expect(picture).toBeVisible();
  const [width, height] = await picture.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight]);
  expect(width).toBeLessThanOrEqual(1_568);
  expect((width ?? 0) / (height ?? 1)).toBeCloseTo(3, 1);
  const content = JSON.stringify(server.upstream.asked.at(-1));
  expect(content).toContain('"type":"image_url"');
  expect(content.length).toBeLessThan(512 * 1024);
});

test("instructions and parameters reach the model", async ({ chat, server }) => {
  await newChat(chat, "echo");
  await chat.getByRole("button", { name: "Instructions and parameters" }).click();
  await chat.getByRole("textbox", { name: "Instructions" }).fill("Answer like a pirate.");
  await chat.getByLabel("Temperature").fill("0.3");
  await chat.getByRole("button", { name: "Save" }).click();
  await say(chat, "Ahoy");
  await expect(answers(chat)).toContainText("You said: Ahoy");
  const asked = server.upstream.asked.at(-1) as { temperature?: number } & (typeof server.upstream.asked)[number];
  expect(asked.messages[0]).toMatchObject({ role: "system", content: "Answer like a pirate." });
  expect(asked.temperature).toBe(0.3);
});

test("a chat is continued elsewhere, and a message deleted", async ({ chat }) => {
  await newChat(chat, "echo");
  await say(chat, "Origin");
  await expect(answers(chat)).toContainText("You said: Origin");
  const address = chat.url();
  await answers(chat).getByRole("button", { name: "More" }).click();
  await chat.getByRole("menuitem", { name: "Continue in a new chat" }).click();
  await expect(chat).not.toHaveURL(address);
  await expect(chat.getByText("Continues from")).toBeVisible();
  await expect(answers(chat)).toContainText("You said: Origin");
  await answers(chat).getByRole("button", { name: "More" }).click();
  await chat.getByRole("menuitem", { name: "Delete from here" }).click();
  await chat.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(answers(chat)).toHaveCount(0);
  await expect(questions(chat)).toHaveCount(1);
});

test("a provider that fails is told about, and can be tried again", async ({ chat }) => {
  await newChat(chat, "broken");
  await say(chat, "Does it work?");
  await expect(answers(chat)).toContainText("The answer failed.");
  await chat.getByRole("button", { name: "Answer again with …" }).click();
  await chat.getByRole("option", { name: "echo" }).click();
  await expect(answers(chat)).toContainText("You said: Does it work?");
});
