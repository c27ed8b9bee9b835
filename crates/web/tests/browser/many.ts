import type { Page } from "@playwright/test";

/** Conversation `number` of many, newest first. */
const conversation = (number: number, owner_id: string) => ({
  owner_id,
  id: `00000000-0000-7000-8000-${String(1_000_000 - number).padStart(12, "0")}`,
  title: `Number ${number}`,
  version: 1,
  pinned: false,
  archived: false,
  active_leaf_id: null,
  model: null,
  system_prompt: null,
  parameters: {},
  project_id: null,
  tag_ids: [],
  forked_from: null,
  created_at: "2020-01-01T00:00:00.000Z",
  updated_at: new Date(Date.UTC(2026, 0, 1) - number * 600_000).toISOString(),
});

/** Answers for the server as if there were so many conversations; gives how many pages were asked for. */
export async function pretendMany(page: Page, all: number): Promise<{ pages: number }> {
  const asked = { pages: 0 };
  const { id } = await page.evaluate(async () => (await (await fetch("/api/v1/me")).json()) as { id: string });
  await page.route(/\/api\/v1\/conversations\?/, async (route) => {
    const query = new URL(route.request().url()).searchParams;
    if (query.get("pinned") === "true") return route.fulfill({ json: { items: [], next: null } });
    asked.pages += 1;
    const from = Number(query.get("after") ?? 0);
    const to = Math.min(all, from + Number(query.get("limit")));
    const items = Array.from({ length: to - from }, (_, index) => conversation(from + index, id));
    return route.fulfill({ json: { items, next: to < all ? String(to) : null } });
  });
  return asked;
}
