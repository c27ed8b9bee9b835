import type { Conversation, Page } from "../contract";
import { rowsOf } from "./groups";

/** A page of a list that was loaded: where the server begins it, and how far it reaches. */
interface Known {
  after: string | null;
  /** The place of its last conversation; `null` where nothing comes behind it. */
  reach: string | null;
}

export interface LoadedPage extends Known {
  ids: string[];
}

/** A page that was let go again. */
export interface SkippedPage extends Known {
  /** How many lines it took. */
  lines: number;
}

/**
 * The part of a list that is loaded. However long the list is, no more than this is kept; what is above and below it is
 * known by the lines that it took, and loaded again when somebody comes back to it.
 */
export interface Window {
  above: SkippedPage[];
  pages: LoadedPage[];
  below: SkippedPage[];
  /** Where the first page that was never loaded begins. */
  next: string | null;
}

/** An answer to the request for a page. */
export interface Arrived {
  after: string | null;
  page: Page<Conversation>;
}

/** Where pages belong: at the top of all, behind the window, before it, elsewhere instead of it, or just in its place. */
export type Where = "first" | "next" | "previous" | "instead" | "again";

/** How many conversations a window holds, about. */
const MOST = 1_000;

export const noWindow: Window = { above: [], pages: [], below: [], next: null };

/** Orders conversations: what changed later is greater. */
export const placeOf = ({ updated_at, id }: Conversation): string => `${updated_at} ${id}`;

export const topOf = ({ above }: Window): string | null => above.at(-1)?.reach ?? null;
export const reachOf = ({ pages }: Window): string | null => pages.at(-1)?.reach ?? null;
export const idsOf = ({ pages }: Window): string[] => pages.flatMap(({ ids }) => ids);
export const linesOf = (pages: SkippedPage[]): number => pages.reduce((sum, { lines }) => sum + lines, 0);

/** Whether a place is behind the one and not behind the other. */
export function isBetween(place: string, top: string | null, reach: string | null): boolean {
  return (top === null || place < top) && (reach === null || place >= reach);
}

/**
 * The page behind or before the window, or one that was let go: the one with a line above the window, counted from the first
 * that is not pinned, or below it, counted downwards from -1.
 */
export function wantedPage(window: Window, which: "next" | "previous" | number): Known | null {
  if (which === "previous") return window.above.at(-1) ?? null;
  if (which === "next") return window.below[0] ?? (window.next === null ? null : { after: window.next, reach: null });
  let line = which < 0 ? -1 - which : which;
  for (const page of which < 0 ? window.below : window.above) {
    if (line < page.lines) return page;
    line -= page.lines;
  }
  return null;
}

/** What becomes of a window when pages arrive. `shown` is what it showed until then. */
export function withPages(
  before: Window,
  arrived: Arrived[],
  where: Where,
  shown: { conversations: Conversation[]; now: Date; withGroups: boolean },
): { window: Window; dropped: string[] } {
  const pages = arrived.map(({ after, page }): LoadedPage => {
    const last = page.items.at(-1);
    return { after, ids: page.items.map(({ id }) => id), reach: page.next && last ? placeOf(last) : null };
  });
  const next = arrived.at(-1)?.page.next ?? null;
  const skip = ({ after, reach }: LoadedPage, top: string | null): SkippedPage => {
    const within = shown.conversations.filter((one) => isBetween(placeOf(one), top, reach) && !(one.pinned && shown.withGroups));
    return { after, reach, lines: rowsOf(within, shown.now, shown.withGroups, top).rest.length };
  };
  switch (where) {
    case "first":
      return { window: { ...noWindow, pages, next }, dropped: [] };
    case "again":
      return { window: { ...before, pages, below: [], next }, dropped: [] };
    case "next": {
      const isNew = before.below.length === 0;
      return shorten({ ...before, pages: [...before.pages, ...pages], below: before.below.slice(1), next: isNew ? next : before.next }, "above", skip);
    }
    case "previous":
      return shorten({ ...before, above: before.above.slice(0, -1), pages: [...pages, ...before.pages] }, "below", skip);
    case "instead": {
      const skipped = before.pages.map((page, index) => skip(page, index === 0 ? topOf(before) : (before.pages[index - 1]?.reach ?? null)));
      const all = [...before.above, ...skipped, ...before.below];
      const at = all.findIndex(({ after }) => after === arrived[0]?.after);
      return { window: { ...before, above: all.slice(0, at), pages, below: all.slice(at + 1) }, dropped: idsOf(before) };
    }
  }
}

function shorten(window: Window, to: "above" | "below", skip: (page: LoadedPage, top: string | null) => SkippedPage) {
  const dropped: string[] = [];
  let { above, pages, below } = window;
  while (pages.length > 1 && pages.reduce((sum, { ids }) => sum + ids.length, 0) > MOST) {
    const page = (to === "above" ? pages[0] : pages.at(-1)) as LoadedPage;
    if (to === "above") above = [...above, skip(page, topOf({ ...window, above }))];
    else below = [skip(page, pages.at(-2)?.reach ?? null), ...below];
    pages = to === "above" ? pages.slice(1) : pages.slice(0, -1);
    dropped.push(...page.ids);
  }
  return { window: { ...window, above, pages, below }, dropped };
}
