import type { Browser, Page } from "@playwright/test";

/** A piece of work of the page's main thread, in milliseconds, and the longest thing within it. */
export interface Task {
  duration: number;
  /** How long the thread had a processor for it: on a machine that does other things too, less than the duration. */
  cpu: number;
  what: string;
}

interface Event {
  name: string;
  ph: string;
  ts: number;
  dur?: number;
  tdur?: number;
  pid: number;
  tid: number;
  args?: { name?: string; data?: { functionName?: string; type?: string; url?: string; lineNumber?: number; columnNumber?: number } };
}

/** Records what the main thread of the page does meanwhile, and gives its tasks, the longest first. */
export async function tasksDuring(browser: Browser, page: Page, work: () => Promise<void>): Promise<Task[]> {
  await browser.startTracing(page, { categories: ["-*", "devtools.timeline", "disabled-by-default-devtools.timeline", "v8"] });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: Event[] };
  const main = mainThread(traceEvents);
  const mine = traceEvents.filter((event) => event.ph === "X" && `${event.pid} ${event.tid}` === main);
  const tasks = mine.filter(({ name }) => name === "RunTask").sort((one, other) => (other.dur ?? 0) - (one.dur ?? 0));
  return tasks.slice(0, 200).map((task) => ({ duration: (task.dur ?? 0) / 1_000, cpu: (task.tdur ?? task.dur ?? 0) / 1_000, what: longestIn(task, mine) }));
}

/** The thread on which the page's own animation frames run. */
function mainThread(events: Event[]): string {
  const counts = new Map<string, number>();
  for (const { name, pid, tid } of events) {
    if (name === "FireAnimationFrame") counts.set(`${pid} ${tid}`, (counts.get(`${pid} ${tid}`) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? "";
}

function longestIn(task: Event, events: Event[]): string {
  const end = task.ts + (task.dur ?? 0);
  const within = events.filter((event) => event !== task && event.ts >= task.ts && event.ts + (event.dur ?? 0) <= end && event.name !== "RunTask");
  const named = within.sort((one, other) => (other.dur ?? 0) - (one.dur ?? 0)).slice(0, 4);
  return named.map(({ name, dur = 0, args }) => `${name}${args?.data?.functionName ? ` ${args.data.functionName}` : ""} ${(dur / 1_000).toFixed(0)}`).join(", ");
}

