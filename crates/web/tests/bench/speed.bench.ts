import type { Page } from "@playwright/test";
import { composer, newChat, say, test } from "../browser/fixtures";
import { pretendMany } from "../browser/many";
import { tasksDuring } from "./trace";

const show = (what: string, figure: number, unit: string) => console.log(`${figure.toFixed(1).padStart(10)} ${unit.padEnd(6)} ${what}`);

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

/** Watches tasks and paints while something goes on. */
async function watched(page: Page, work: () => Promise<void>) {
  await page.evaluate(() => {
    const seen = { long: [] as number[], late: 0, frames: 0, input: [] as number[] };
    (window as unknown as { seen: typeof seen }).seen = seen;
    new PerformanceObserver((list) => seen.long.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
    new PerformanceObserver((list) => seen.input.push(...list.getEntries().map((entry) => entry.duration))).observe({
      type: "event",
      durationThreshold: 16,
    } as PerformanceObserverInit);
    let before = performance.now();
    const frame = (now: number) => {
      seen.frames += 1;
      if (now - before > 34) seen.late += 1;
      before = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await work();
  return page.evaluate(() => (window as unknown as { seen: { long: number[]; late: number; frames: number; input: number[] } }).seen);
}

test("a cold start", async ({ chat, browser, server }) => {
  const state = await chat.context().storageState();
  for (const round of [1, 2, 3]) {
    const context = await browser.newContext({ storageState: state, baseURL: server.address });
    const page = await context.newPage();
    const start = Date.now();
    await page.goto("/");
    await composer(page).waitFor();
    const usable = Date.now() - start;
    const painted = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
    const bytes = await page.evaluate(() => performance.getEntriesByType("resource").reduce((sum, entry) => sum + (entry as PerformanceResourceTiming).transferSize, 0));
    if (round === 3) {
      show("first contentful paint, cold cache", painted, "ms");
      show("until a message can be typed, cold cache", usable, "ms");
      show("fetched until then", bytes / 1024, "kB");
    }
    await context.close();
  }
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
    const before = server.upstream.answered;
    let seen: Awaited<ReturnType<typeof watched>> | null = null;
    // Nothing is looked for in the page meanwhile: that would be work of its main thread too.
    const tasks = await tasksDuring(browser, chat, async () => {
      seen = await watched(chat, async () => {
        await say(chat, kind);
        while (server.upstream.answered === before) {
          await chat.keyboard.type("typing meanwhile ", { delay: 40 });
          await pause(1_000);
        }
        await pause(2_000);
      });
    });
    const { late, frames, input } = seen as unknown as Awaited<ReturnType<typeof watched>>;
    const longest = (by: "duration" | "cpu") => Math.max(0, ...tasks.map((task) => task[by]));
    show(`${words}, 200 tokens a second: tasks over 50 ms`, tasks.filter(({ duration }) => duration > 50).length, "");
    show("of them over 50 ms of the processor", tasks.filter(({ cpu }) => cpu > 50).length, "");
    show("longest task", longest("duration"), "ms");
    show("longest task, of the processor", longest("cpu"), "ms");
    show("frames later than 34 ms, of 100", (100 * late) / Math.max(1, frames), "");
    const slow = input.sort((one, other) => one - other);
    show("typing, from key to paint, 95 of 100", slow[Math.floor(slow.length * 0.95)] ?? 0, "ms");
    for (const { duration, cpu, what } of tasks.slice(0, 3)) console.log(`             ${duration.toFixed(0)} ms, ${cpu.toFixed(0)} of the processor: ${what}`);
  });
}

/** What the page's objects take once everything that is not used any more is gone. */
async function heap(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  await devtools.detach();
  return usedSize / 1024 / 1024;
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
