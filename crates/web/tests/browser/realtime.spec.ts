import { OWNER, answers, composer, expect, newChat, questions, say, test } from "./fixtures";
import { until } from "./server";

const counted = /^1 2 3 4 5 [\d\s]*$/;

/** Whether a text counts up without a gap, a repetition or a mix-up. */
function isWhole(text: string): boolean {
  const numbers = text.trim().split(/\s+/).map(Number);
  return numbers.length > 5 && numbers.every((number, index) => number === index + 1);
}

test("two tabs show the same stream, and one of them stops it", async ({ chat, context }) => {
  await newChat(chat, "slow");
  await say(chat, "Count");
  await expect(answers(chat)).toContainText("10 11");
  const other = await context.newPage();
  await other.goto(chat.url());
  await expect(answers(other)).toContainText("40 41");
  await other.keyboard.press("Escape");
  for (const page of [chat, other]) await expect(answers(page)).toContainText("You stopped this answer.");
  const texts = await Promise.all([chat, other].map((page) => answers(page).locator(".markdown").innerText()));
  expect(texts[0]).toBe(texts[1]);
  expect(isWhole(texts[0] ?? "")).toBe(true);
  await composer(other).fill("From the other tab");
  await composer(other).press("Enter");
  await expect(questions(chat)).toHaveCount(2);
  await other.keyboard.press("Escape");
  await other.close();
});

test("a reload in mid-answer goes on where it was", async ({ chat }) => {
  await newChat(chat, "slow");
  await say(chat, "Count");
  await expect(answers(chat)).toContainText("10 11");
  await chat.reload();
  await expect(answers(chat)).toContainText("60 61");
  await chat.getByRole("button", { name: "Stop the answer" }).click();
  await expect(answers(chat)).toContainText("You stopped this answer.");
  const text = await answers(chat).locator(".markdown").innerText();
  expect(text).toMatch(counted);
  expect(isWhole(text)).toBe(true);
});

test("a broken connection is resumed without a gap", async ({ chat, expected }) => {
  expected.push(/WebSocket|ERR_INTERNET_DISCONNECTED|Failed to load resource/);
  await newChat(chat, "slow");
  await say(chat, "Count");
  await expect(answers(chat)).toContainText("10 11");
  await chat.context().setOffline(true);
  await chat.evaluate(() => dispatchEvent(new Event("offline")));
  await new Promise((done) => setTimeout(done, 600));
  await chat.context().setOffline(false);
  await expect(answers(chat)).toContainText("90 91");
  await chat.keyboard.press("Escape");
  await expect(answers(chat)).toContainText("You stopped this answer.");
  expect(isWhole(await answers(chat).locator(".markdown").innerText())).toBe(true);
});

test("a server that is killed in mid-answer comes back, and what had arrived is kept", async ({ chat, server, expected }) => {
  expected.push(/WebSocket|Failed to load resource/);
  await newChat(chat, "slow");
  await say(chat, "Count");
  await expect(answers(chat)).toContainText("60 61");
  await server.kill();
  await expect(chat.getByText("Connection lost. Trying again …")).toBeVisible();
  await say(chat, "Sent while the server was away");
  await server.resume();
  await expect(chat.getByText("Connection lost. Trying again …")).toBeHidden();
  await expect(answers(chat).first()).toContainText("The server stopped before the answer was finished.");
  const kept = await answers(chat).first().locator(".markdown").innerText();
  expect(isWhole(kept)).toBe(true);
  await expect(answers(chat)).toHaveCount(2);
  await expect(answers(chat).last()).toContainText("5 6");
  await chat.keyboard.press("Escape");
  await expect(answers(chat).last()).toContainText("You stopped this answer.");
});

test("a session that ends in mid-typing loses nothing", async ({ chat, server, context, expected }) => {
  expected.push(/401|WebSocket/);
  await newChat(chat, "echo");
  await say(chat, "Before");
  await expect(answers(chat)).toContainText("You said: Before");
  await composer(chat).fill("A long thought that must not be lost");
  // The same person signs out elsewhere with the same session.
  const cookies = await context.cookies();
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const me = (await (await fetch(`${server.address}/api/v1/me`, { headers: { cookie } })).json()) as { csrf_token: string };
  const headers = { cookie, origin: server.address, "x-csrf-token": me.csrf_token };
  const out = await fetch(`${server.address}/api/v1/auth/logout`, { method: "POST", headers });
  expect(out.status).toBe(204);
  const dialog = chat.getByRole("dialog", { name: "Sign in again" });
  await expect(dialog).toBeVisible();
  await expect(dialog.getByLabel("E-mail address")).toHaveValue(OWNER.email);
  await dialog.getByLabel("Password").fill(OWNER.password);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await expect(dialog).toBeHidden();
  await expect(composer(chat)).toHaveValue("A long thought that must not be lost");
  await composer(chat).press("Enter");
  await expect(answers(chat).last()).toContainText("You said: A long thought");
});

test("a message that could not be sent waits, and is sent once", async ({ chat, server, expected }) => {
  expected.push(/Failed to load resource/);
  await newChat(chat, "echo");
  await say(chat, "Before");
  await expect(answers(chat)).toContainText("You said: Before");
  const before = server.upstream.asked.length;
  // The answer to the first attempt gets lost on its way back.
  let attempts = 0;
  await chat.route("**/messages", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    attempts += 1;
    if (attempts > 1) return route.continue();
    await route.fetch();
    await route.abort();
  });
  await say(chat, "Only once");
  await expect(chat.getByRole("button", { name: "Send again" })).toBeVisible();
  await chat.getByRole("button", { name: "Send again" }).click();
  await expect(answers(chat).last()).toContainText("You said: Only once");
  await until("the retry is through", () => attempts === 2);
  await expect(questions(chat)).toHaveCount(2);
  expect(server.upstream.asked.length).toBe(before + 1);
});

test("what is sent while nobody is there goes out by itself once the server is back", async ({ chat, server, expected }) => {
  expected.push(/WebSocket|Failed to load resource/);
  await newChat(chat, "echo");
  await say(chat, "Before");
  await expect(answers(chat)).toContainText("You said: Before");
  await server.kill();
  await say(chat, "Into the void");
  await expect(chat.getByRole("button", { name: "Send again" })).toBeVisible();
  await server.resume();
  await expect(answers(chat).last()).toContainText("You said: Into the void");
  await expect(questions(chat)).toHaveCount(2);
});

test("what the server refuses goes back to where it can be changed", async ({ chat, expected }) => {
  expected.push(/422/);
  await newChat(chat, "echo");
  await say(chat, "Before");
  await expect(answers(chat)).toContainText("You said: Before");
  await chat.route("**/messages", (route) =>
    route.request().method() === "POST"
      ? route.fulfill({
          status: 422,
          contentType: "application/problem+json",
          body: JSON.stringify({ type: "/problems/invalid_input", title: "Invalid input", status: 422, detail: "It is too long.", trace_id: "0" }),
        })
      : route.continue(),
  );
  await say(chat, "Too long by far");
  await expect(chat.getByText("The message was not sent. It is too long.")).toBeVisible();
  await expect(composer(chat)).toHaveValue("Too long by far");
  await expect(questions(chat)).toHaveCount(1);
});
