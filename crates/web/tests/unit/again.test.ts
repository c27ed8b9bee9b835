import { afterEach, expect, it, vi } from "vitest";
import type { Conversation } from "../../src/contract";
import { loadConversations } from "../../src/conversations/actions";
import { makeSelectView } from "../../src/conversations/selectors";
import { conversationsChanged } from "../../src/conversations/slice";
import { makeStore } from "../../src/store/store";

const VIEW = { archived: false, q: "" };
const conversation = (number: number) =>
  ({
    id: `c${String(number).padStart(4, "0")}`,
    title: String(number),
    version: 1,
    pinned: false,
    archived: false,
    updated_at: new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString(),
  }) as Conversation;

/** A server that lists what `there` holds, newest first, with the place as its mark. */
function serve(there: Conversation[], meanwhile: () => void = () => {}) {
  vi.stubGlobal("fetch", (address: string) => {
    const query = new URL(address, "http://localhost").searchParams;
    const from = Number(query.get("after") ?? 0);
    const to = from + Number(query.get("limit"));
    const sorted = there.filter(({ pinned }) => query.get("pinned") !== "true" || pinned).toSorted((a, b) => b.id.localeCompare(a.id));
    meanwhile();
    return Promise.resolve(Response.json({ items: sorted.slice(from, to), next: to < sorted.length ? String(to) : null }));
  });
}

afterEach(() => vi.unstubAllGlobals());

it("a list that is read again keeps its length, and loses what vanished meanwhile", async () => {
  const all = Array.from({ length: 700 }, (_, number) => conversation(number));
  const store = makeStore();
  const select = makeSelectView();
  const shown = () => select(store.getState(), VIEW).map(({ id }) => id);
  serve(all);
  await store.dispatch(loadConversations(VIEW, "first"));
  for (let pages = 0; pages < 3; pages += 1) await store.dispatch(loadConversations(VIEW, "next"));
  expect(shown()).toHaveLength(400);
  const isKept = ({ id }: Conversation) => id !== "c0650" && id !== "c0320";
  const late = conversation(900);
  serve(all.filter(isKept), () => store.dispatch(conversationsChanged([late])));
  await store.dispatch(loadConversations(VIEW, "again"));
  expect(shown()).toEqual([late, ...all.toReversed().filter(isKept).slice(0, 400)].map(({ id }) => id));
  serve(all.filter(isKept));
  await store.dispatch(loadConversations(VIEW, "next"));
  expect(shown()).toHaveLength(501);
});
