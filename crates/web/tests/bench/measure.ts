import type { Browser, BrowserContextOptions, Locator, Page } from "@playwright/test";
import type { Upstream } from "../browser/upstream";
import { tasksDuring } from "./trace";

export const show = (what: string, figure: number, unit: string) => console.log(`${figure.toFixed(1).padStart(10)} ${unit.padEnd(6)} ${what}`);

export const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

/** Watches tasks and paints while something goes on. */
export async function watched(page: Page, work: () => Promise<void>) {
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

/** How long a page takes in a browser that has never been there, until a message can be typed. */
export async function coldStart(browser: Browser, address: string, state: BrowserContextOptions["storageState"], composer: (page: Page) => Locator): Promise<void> {
  for (const round of [1, 2, 3]) {
    const context = await browser.newContext({ storageState: state, baseURL: address });
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
}

/** What a page does while an answer comes and somebody types; the composer has the focus. */
export async function whileItStreams(words: string, browser: Browser, page: Page, upstream: Upstream, ask: () => Promise<void>): Promise<void> {
  const before = upstream.answered;
  let seen: Awaited<ReturnType<typeof watched>> | null = null;
  // Nothing is looked for in the page meanwhile: that would be work of its main thread too.
  const tasks = await tasksDuring(browser, page, async () => {
    seen = await watched(page, async () => {
      await ask();
      while (upstream.answered === before) {
        await page.keyboard.type("typing meanwhile ", { delay: 40 });
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
}

/** What the page's objects take once everything that is not used any more is gone. */
export async function heap(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  await devtools.detach();
  return usedSize / 1024 / 1024;
}
