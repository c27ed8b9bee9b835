import { composer, newChat, say, test } from "../browser/fixtures";
import { pretendMany } from "../browser/many";
import { coldStart, heap, pause, show, watched, whileItStreams } from "./measure";
import { tasksDuring } from "./trace";

test("a cold start", async ({ chat, browser, server }) => {
  await coldStart(browser, server.address, await chat.context().storageState(), composer);
});

test("a conversation of 2,000 messages", async ({ chat }) => {
  await chat.evaluate(async () => {
    const me = (await (await fetch("/api/v1/me")).json()) as { csrf_token: string };
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": me.csrf_token };
    const post = async (path: string, body: object) =>
      (await (await fetch(path, { method: "POST", headers, body: JSON.stringify(body) })).json()) as { id: string };
    const made = await post("/api/v1/conversations", { title: "Long" });
    for (let index = 1; index <= 2_000; index += 1) {
      await post(`/api/v1/conversations/${made.id}/messages`, { text: `Message ${index}. ${"Some words. ".repeat(index % 40)}`, reply: false });
    }
  });
  await chat.goto("/");
  const link = chat.getByRole("link", { name: "Long", exact: true });
  await link.waitFor();
  const start = Date.now();
  await link.click();
  await chat.getByText("Message 2000.").waitFor();
  show("opening a conversation of 2,000 messages, from the click", Date.now() - start, "ms");
  const thread = chat.getByRole("region", { name: "Messages" });
  const seen = await watched(chat, async () => {
    for (let step = 0; step < 200 && !(await chat.getByText("Message 1.", { exact: false }).first().isVisible()); step += 1) {
      await thread.evaluate((element) => element.scrollBy(0, -3_000));
      await chat.waitForTimeout(50);
    }
  });
  show("longest task while scrolling to its beginning", Math.max(0, ...seen.long), "ms");
  show("messages in the page at the beginning", await chat.getByRole("article").count(), "");
});

for (const [kind, words] of [
  ["chapters", "an answer of 20,000 tokens with code, lists and tables"],
  ["program", "a program of 20,000 tokens"],
] as const) {
  test(words, async ({ chat, browser, server }) => {
    await newChat(chat, "long");
    await composer(chat).focus();
    await whileItStreams(words, browser, chat, server.upstream, () => say(chat, kind));
  });
}

test("memory after opening 100 long conversations", async ({ chat }) => {
  const ids = await chat.evaluate(async () => {
    const me = (await (await fetch("/api/v1/me")).json()) as { csrf_token: string };
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": me.csrf_token };
    const post = async (path: string, body: object) =>
      (await (await fetch(path, { method: "POST", headers, body: JSON.stringify(body) })).json()) as { id: string };
    const made: string[] = [];
    for (let index = 0; index < 100; index += 1) {
      const { id } = await post("/api/v1/conversations", { title: `Long ${index}` });
      for (let at = 0; at < 50; at += 1) await post(`/api/v1/conversations/${id}/messages`, { text: `Message ${at}. ${"Some words. ".repeat(60)}`, reply: false });
      made.push(id);
    }
    return made;
  });
  await chat.goto("/");
  const open = async (some: string[]) => {
    for (const id of some) {
      await chat.evaluate((to) => history.pushState(null, "", `/c/${to}`), id);
      await chat.getByText("Message 49.").waitFor();
    }
  };
  show("heap at the beginning", await heap(chat), "MB");
  await open(ids.slice(0, 20));
  show("heap after 20 conversations of 50 messages", await heap(chat), "MB");
  await open(ids.slice(20));
  show("heap after 100", await heap(chat), "MB");
});

test("a sidebar of 100,000 conversations", async ({ chat, browser }) => {
  const asked = await pretendMany(chat, 100_000);
  await chat.goto("/");
  await chat.getByRole("link", { name: "Number 0", exact: true }).waitFor();
  show("heap with a page of conversations", await heap(chat), "MB");
  const list = chat.locator(".conversations");
  const tasks = await tasksDuring(browser, chat, async () => {
    const end = Date.now() + 30_000;
    while (Date.now() < end) {
      await list.evaluate((element) => element.scrollBy(0, 3_000));
      await pause(30);
    }
  });
  show("conversations scrolled through in half a minute", asked.pages * 100, "");
  show("longest task meanwhile, of the processor", Math.max(0, ...tasks.map(({ cpu }) => cpu)), "ms");
  show("lines in the page", await list.locator("li").count(), "");
  show("heap", await heap(chat), "MB");
});
