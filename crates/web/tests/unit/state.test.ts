import { describe, expect, it } from "vitest";
import type { Conversation, Me, Message, ServerFrame, ThreadMessage } from "../../src/contract";
import { groupOf, rowsOf } from "../../src/conversations/groups";
import { makeSelectView } from "../../src/conversations/selectors";
import { conversationPatched, conversationsChanged, conversationsReducer, conversationsRemoved, keyOf, listAsked, pagesArrived, type View } from "../../src/conversations/slice";
import { messagesReducer, threadArrived } from "../../src/messages/slice";
import { siblingsOf, threadOf } from "../../src/messages/thread";
import { runsReducer } from "../../src/runs/slice";
import { signedIn } from "../../src/session/slice";
import { Positions } from "../../src/socket/positions";
import { framesArrived } from "../../src/store/frames";
import type { RootState } from "../../src/store/store";
import { endOfSentences, spoken } from "../../src/thread/sentences";

const conversation = (id: string, more: Partial<Conversation> = {}) =>
  ({ id, title: id, version: 1, pinned: false, archived: false, updated_at: "2026-03-01T10:00:00Z", ...more }) as Conversation;
const message = (id: string, parent: string | null, more: Partial<ThreadMessage> = {}) =>
  ({ id, conversation_id: "c", parent_id: parent, role: "user", parts: [], status: "complete", version: 1, sibling_ids: [id], ...more }) as ThreadMessage;
const event = (more: object): ServerFrame => ({ type: "event", channel: "conversation:c", position: 1, event: { at: "", user_id: null, ...more } }) as unknown as ServerFrame;
const nothing = { type: "nothing" };

describe("conversations", () => {
  it("never go back to an older version, and never come back once deleted", () => {
    let state = conversationsReducer(undefined, conversationsChanged([conversation("a", { version: 3, title: "new" })]));
    state = conversationsReducer(state, conversationsChanged([conversation("a", { version: 2, title: "old" })]));
    expect(state.entities["a"]?.title).toBe("new");
    state = conversationsReducer(state, conversationsRemoved(["a"]));
    state = conversationsReducer(state, framesArrived([event({ type: "conversation.updated", conversation: conversation("a", { version: 9 }) })]));
    expect(state.entities["a"]).toBeUndefined();
  });

  it("are listed as far as the list reaches, and follow every change", () => {
    const select = makeSelectView();
    const view = { archived: false, q: "" };
    const items = [conversation("new", { updated_at: "2026-03-03T00:00:00Z" }), conversation("mid", { updated_at: "2026-03-02T00:00:00Z" })];
    let conversations = conversationsReducer(undefined, pagesArrived({ view, pages: [{ after: null, page: { items, next: "more" } }], where: "first", now: 0 }));
    conversations = conversationsReducer(conversations, conversationsChanged([conversation("old", { updated_at: "2020-01-01T00:00:00Z" })]));
    const ids = () => select({ conversations } as RootState, view).map(({ id }) => id);
    expect(ids()).toEqual(["new", "mid"]);
    conversations = conversationsReducer(conversations, conversationPatched({ id: "new", changes: { archived: true } }));
    expect(ids()).toEqual(["mid"]);
    conversations = conversationsReducer(conversations, conversationPatched({ id: "old", changes: { pinned: true } }));
    expect(ids()).toEqual(["mid", "old"]);
    const before = select({ conversations } as RootState, view);
    conversations = conversationsReducer(conversations, nothing);
    expect(select({ conversations } as RootState, view)).toBe(before);
  });

  const empty = (view: View) => pagesArrived({ view, pages: [{ after: null, page: { items: [], next: null } }], where: "first", now: 0 });

  it("of others stand in projects only", () => {
    const me = { id: "me" } as Me;
    let conversations = conversationsReducer(undefined, signedIn(me));
    for (const view of [{ archived: false, q: "" }, { archived: false, q: "", project: "p" }]) {
      conversations = conversationsReducer(conversationsReducer(conversations, listAsked(view)), empty(view));
    }
    const others = conversation("others", { owner_id: "other", project_id: "p", pinned: true });
    conversations = conversationsReducer(conversations, conversationsChanged([others, conversation("own", { owner_id: "me", project_id: "p" })]));
    const ids = (view: View) => makeSelectView()({ conversations } as RootState, view).map(({ id }) => id);
    expect(ids({ archived: false, q: "" })).toEqual(["own"]);
    expect(ids({ archived: false, q: "", project: "p" }).sort()).toEqual(["others", "own"]);
  });

  it("under a filter are kept for the last filter alone, whatever answers come late", () => {
    const [first, last] = [{ archived: false, q: "", tag: "a" }, { archived: false, q: "", tag: "b" }];
    let conversations = conversationsReducer(undefined, listAsked(first));
    conversations = conversationsReducer(conversations, listAsked(last));
    conversations = conversationsReducer(conversations, empty(last));
    conversations = conversationsReducer(conversations, empty(first));
    expect(Object.keys(conversations.lists)).toEqual([keyOf(last)]);
  });

  it("are in every view that they belong into, and leave it with what brought them there", () => {
    const views = [{ tag: "t" }, { project: "p" }, { pinned: true }].map((filter) => ({ archived: false, q: "", ...filter }));
    const some = [
      conversation("tagged", { tag_ids: ["t"], project_id: null }),
      conversation("placed", { tag_ids: [], project_id: "p" }),
      conversation("pinned", { tag_ids: [], project_id: null, pinned: true }),
      conversation("archived", { tag_ids: ["t"], project_id: "p", archived: true }),
    ];
    for (const [index, view] of views.entries()) {
      const select = makeSelectView();
      let conversations = conversationsReducer(conversationsReducer(undefined, listAsked(view)), empty(view));
      conversations = conversationsReducer(conversations, conversationsChanged(some));
      const ids = () => select({ conversations } as RootState, view).map(({ id }) => id);
      const only = some[index]!.id;
      expect(ids()).toEqual([only]);
      conversations = conversationsReducer(conversations, conversationPatched({ id: only, changes: { tag_ids: [], project_id: null, pinned: false } }));
      expect(ids()).toEqual([]);
    }
  });

  it("stand under the day of their last change, the pinned ones above", () => {
    const now = new Date(2026, 2, 15, 12);
    const ago = (days: number) => new Date(2026, 2, 15 - days, 10).toISOString();
    expect([0, 1, 5, 20].map((days) => groupOf(ago(days), now))).toEqual(
      ["today", "yesterday", "week", "month"].map((name) => ({ name: `list.${name}` })),
    );
    expect(groupOf(ago(200), now)).toEqual({ month: "2025-08" });
    const rows = rowsOf([conversation("a", { updated_at: ago(0) }), conversation("b", { updated_at: ago(1), pinned: true })], now, true);
    expect(rows.pinned.map(({ key }) => key)).toEqual(["list.pinned", "b"]);
    expect(rows.rest.map(({ key }) => key)).toEqual(["list.today", "a"]);
  });
});

describe("a thread", () => {
  const page = (items: ThreadMessage[], next: string | null = null) => threadArrived({ conversationId: "c", page: { items, next } });

  it("is the way from its end to its beginning, as far as it is known", () => {
    let state = messagesReducer(undefined, page([message("4", "3"), message("3", "2")], "older"));
    expect(threadOf(state, "4")).toEqual({ ids: ["3", "4"], isWhole: false, cursor: "older" });
    state = messagesReducer(state, page([message("2", "1"), message("1", null)]));
    expect(threadOf(state, "4")).toEqual({ ids: ["1", "2", "3", "4"], isWhole: true, cursor: null });
    expect(threadOf(state, "unknown")).toEqual({ ids: [], isWhole: false, cursor: null });
  });

  it("knows the versions of a message, with those that come later and without those that go", () => {
    let state = messagesReducer(undefined, page([message("2", "1", { sibling_ids: ["2", "5"] }), message("1", null)]));
    const { sibling_ids: _, ...posted } = message("7", "1");
    state = messagesReducer(state, framesArrived([event({ type: "message.posted", message: posted })]));
    expect(siblingsOf(state, posted as Message)).toEqual({ ids: ["2", "5", "7"], index: 2 });
    state = messagesReducer(state, framesArrived([event({ type: "message.deleted", removed_ids: ["2"] })]));
    expect(siblingsOf(state, posted as Message).ids).toEqual(["5", "7"]);
  });
});

describe("messages", () => {
  it("are kept for the conversations that were opened last, and for no others", () => {
    let state = messagesReducer(undefined, nothing);
    for (let index = 0; index < 30; index += 1) {
      const conversationId = `c${index}`;
      const items = [message(`m${index}`, null, { conversation_id: conversationId })];
      state = messagesReducer(state, threadArrived({ conversationId, page: { items, next: null } }));
    }
    expect(Object.keys(state.entities)).toHaveLength(12);
    expect(state.entities["m29"]).toBeDefined();
    const { sibling_ids: _, ...foreign } = message("x", null, { conversation_id: "c0" });
    state = messagesReducer(state, framesArrived([event({ type: "message.posted", message: foreign })]));
    expect(state.entities["x"]).toBeUndefined();
  });
});

describe("runs", () => {
  const started = { type: "run.started", channel: "run:r", position: 1, conversation_id: "c", message_id: "m", model: "a/b" } as ServerFrame;
  it("belong to their message until the event that ends them brings it whole", () => {
    let state = runsReducer(undefined, framesArrived([started]));
    expect(state.byMessage).toEqual({ m: "r" });
    state = runsReducer(state, framesArrived([event({ type: "run.ended", message_id: "m", run: { id: "r", status: "completed" } })]));
    expect(state).toEqual({ runs: {}, byMessage: {} });
    const late = { type: "run.completed", channel: "run:r", position: 9, finish_reason: "stop", usage: null } as ServerFrame;
    expect(runsReducer(state, framesArrived([late])).runs).toEqual({});
  });
});

describe("positions", () => {
  it("let a new connection go on where the old one was, runs before their conversation", () => {
    const positions = new Positions();
    const frames = [
      { type: "subscribed", channel: "conversation:c", epoch: "j", recovered: true, position: 40 },
      { type: "event", channel: "conversation:c", position: 42, event: {} },
      { type: "subscribed", channel: "run:r", epoch: "e", recovered: true, position: 7 },
      { type: "delta", channel: "run:r", position: 5, part: 0, text: "x" },
    ] as unknown as ServerFrame[];
    for (const frame of frames) positions.note(frame);
    expect(positions.requests(["user:me", "conversation:c"])).toEqual([
      { channel: "run:r", epoch: "e", after: 5 },
      { channel: "user:me" },
      { channel: "conversation:c", epoch: "j", after: 42 },
    ]);
    const again = (channel: string) => ({ type: "subscribed", channel, epoch: "j", recovered: true, position: 42 }) as ServerFrame;
    expect(positions.isFresh(again("conversation:c"))).toBe(false);
    expect(positions.isFresh(again("user:me"))).toBe(true);
    positions.note({ type: "run.completed", channel: "run:r", position: 9 } as ServerFrame);
    expect(positions.requests([])).toEqual([]);
  });
});

describe("reading aloud", () => {
  it("goes by whole sentences in any script, without the marks of Markdown", () => {
    expect(endOfSentences("One. Two is no", 0)).toBe(4);
    expect(endOfSentences("No end yet, v1.5 of it", 0)).toBe(0);
    expect(endOfSentences("一句话。还没", 0)).toBe(4);
    expect(spoken("## A **bold** [link](https://example.org)\n- `code`")).toBe("A bold link\ncode");
    expect(spoken("Set `max_output_tokens` or __init__, not *snake_case_name* or __bold__.")).toBe(
      "Set max_output_tokens or init, not snake_case_name or bold.",
    );
    expect(spoken("Call user_name_of(x) and `__init__`.\n```py\nself._private = a_b\n```")).toBe("Call user_name_of(x) and __init__.\nself._private = a_b");
    expect(spoken("| a | b |\n| --- | --- |\n| c_d | **e** |")).toBe("a, b\nc_d, e");
  });
});
