import { afterEach, describe, expect, it, vi } from "vitest";
import type { Conversation, Message, ThreadMessage } from "../../src/contract";
import { loadConversations } from "../../src/conversations/actions";
import { rowsOf } from "../../src/conversations/groups";
import { makeSelectView } from "../../src/conversations/selectors";
import { conversationsChanged, keyOf } from "../../src/conversations/slice";
import { linesOf, topOf } from "../../src/conversations/window";
import { threadArrived } from "../../src/messages/slice";
import { runKnown } from "../../src/runs/slice";
import { makeStore } from "../../src/store/store";

const ALL = 100_000;
const VIEW = { archived: false, q: "" };
/** Newest first; ten of them changed in the same moment. */
const conversation = (number: number) =>
  ({
    id: `c${String(ALL - number).padStart(6, "0")}`,
    title: `Number ${number}`,
    version: 1,
    pinned: false,
    archived: false,
    updated_at: new Date(Date.UTC(2026, 0, 1) - Math.floor(number / 10) * 3_600_000).toISOString(),
  }) as Conversation;

function serve(): { asked: number } {
  const served = { asked: 0 };
  vi.stubGlobal("fetch", (address: string) => {
    served.asked += 1;
    const query = new URL(address, "http://localhost").searchParams;
    const from = Number(query.get("after") ?? 0);
    const to = Math.min(ALL, from + Number(query.get("limit")));
    const items = query.get("pinned") === "true" ? [] : Array.from({ length: to - from }, (_, index) => conversation(from + index));
    return Promise.resolve(Response.json({ items, next: to < ALL && items.length > 0 ? String(to) : null }));
  });
  return served;
}

afterEach(() => vi.unstubAllGlobals());

function open() {
  const store = makeStore();
  const select = makeSelectView();
  const list = () => store.getState().conversations.lists[keyOf(VIEW)];
  const shown = () => select(store.getState(), VIEW).map(({ title }) => Number(title.split(" ")[1]));
  const load = (which: Parameters<typeof loadConversations>[1]) => store.dispatch(loadConversations(VIEW, which));
  /** On which line of the whole list a conversation stands. */
  const lineOf = (number: number) => {
    const top = list() ? topOf(list()!) : null;
    const { rest } = rowsOf(select(store.getState(), VIEW), new Date(), true, top);
    return linesOf(list()?.above ?? []) + rest.findIndex(({ key }) => key === conversation(number).id);
  };
  return { store, list, shown, load, lineOf };
}

/** Machines that test do other things too. */
const PATIENCE = 30_000;

describe("a list of 100,000 conversations", { timeout: PATIENCE }, () => {
  it("holds a bounded part of them, without a gap, and no line moves when others are let go", async () => {
    serve();
    const { store, list, shown, load, lineOf } = open();
    await load("first");
    for (let page = 1; page < 30; page += 1) {
      const last = shown().at(-1) ?? 0;
      const before = lineOf(last);
      await load("next");
      expect(lineOf(last)).toBe(before);
    }
    expect(shown()).toEqual(Array.from({ length: 1_000 }, (_, index) => 2_000 + index));
    expect(store.getState().conversations.ids.length).toBe(1_000);
    expect(list()?.above).toHaveLength(20);
    for (let page = 0; page < 20; page += 1) {
      const first = shown()[0] ?? 0;
      const before = lineOf(first);
      await load("previous");
      expect(lineOf(first)).toBe(before);
    }
    expect(shown()).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
    expect(list()?.above).toEqual([]);
    expect(list()?.below).toHaveLength(20);
    await load("next");
    expect(shown().at(-1)).toBe(1_099);
  });

  it("goes from anywhere to anywhere with one request", async () => {
    const served = serve();
    const { shown, load, lineOf, list } = open();
    await load("first");
    for (let page = 1; page < 40; page += 1) await load("next");
    served.asked = 0;
    await load(0);
    expect(served.asked).toBe(1);
    expect(shown()).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(lineOf(0)).toBeLessThan(2);
    await load(-1 - linesOf(list()?.below ?? []) + 1);
    expect(shown()[0]).toBe(3_900);
    await load("next");
    expect(shown()).toHaveLength(200);
  });

  it("reads its part again where it is, and shows what changes elsewhere only there", async () => {
    serve();
    const { store, shown, load } = open();
    await load("first");
    for (let page = 1; page < 30; page += 1) await load("next");
    const before = shown();
    await load("again");
    expect(shown()).toEqual(before);
    store.dispatch(conversationsChanged([{ ...conversation(2_500), version: 2, updated_at: "2027-01-01T00:00:00.000Z" }]));
    expect(shown()).toEqual(before.filter((number) => number !== 2_500));
  });
});

it("after a hundred long conversations no more is kept than after twelve", { timeout: PATIENCE }, () => {
  const store = makeStore();
  const size = () => JSON.stringify(store.getState()).length;
  const read = (index: number) => {
    const conversationId = `c${index}`;
    const items = Array.from({ length: 60 }, (_, at): ThreadMessage => {
      const message = { id: `m${index}-${at}`, parent_id: at === 0 ? null : `m${index}-${at - 1}`, conversation_id: conversationId, version: 1, status: "complete" };
      return { ...(message as Message), parts: [{ kind: "text", text: "Some words. ".repeat(20) }], sibling_ids: [message.id] };
    }).reverse();
    store.dispatch(threadArrived({ conversationId, page: { items, next: null } }));
    store.dispatch(runKnown({ id: `r${index}`, message_id: `m${index}-59` }));
  };
  for (let index = 0; index < 12; index += 1) read(index);
  const before = size();
  for (let index = 12; index < 100; index += 1) read(index);
  expect(size()).toBeLessThan(before * 1.1);
  expect(Object.keys(store.getState().messages.entities)).toHaveLength(12 * 60);
  expect(Object.keys(store.getState().runs.runs)).toHaveLength(64);
  expect(Object.keys(store.getState().messages.children).length).toBeLessThanOrEqual(12 * 61);
});
