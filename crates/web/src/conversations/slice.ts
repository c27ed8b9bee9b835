import { type PayloadAction, createEntityAdapter, createSlice } from "@reduxjs/toolkit";
import type { Problem } from "../api/problem";
import type { Conversation, Page } from "../contract";
import { forgotten, framesArrived, restored } from "../store/frames";

/** Which conversations a list shows. */
export interface View {
  archived: boolean;
  q: string;
}

export const keyOf = (view: View): string => `${view.archived ? "archived" : "current"}:${view.q}`;

export interface List {
  ids: string[];
  next: string | null;
  status: "loading" | "ready" | "failed";
  problem: Problem | null;
  /** The oldest time that the list reaches back to: what is older, but known from elsewhere, is not shown yet. */
  reach: string | null;
}

const newestFirst = (one: Conversation, other: Conversation) =>
  other.updated_at.localeCompare(one.updated_at) || other.id.localeCompare(one.id);

const adapter = createEntityAdapter<Conversation>({ sortComparer: newestFirst });

const initialState = adapter.getInitialState({
  lists: {} as Record<string, List>,
  /** Deleted here or elsewhere: late answers do not bring them back. */
  gone: {} as Record<string, true>,
});

export type ConversationsState = typeof initialState;

function upsert(state: ConversationsState, conversations: Conversation[]): void {
  const newer = conversations.filter((conversation) => {
    const known = state.entities[conversation.id];
    return !state.gone[conversation.id] && (!known || conversation.version >= known.version);
  });
  adapter.upsertMany(state, newer);
}

const slice = createSlice({
  name: "conversations",
  initialState,
  reducers: {
    listAsked(state, { payload: key }: PayloadAction<string>) {
      const list = (state.lists[key] ??= { ids: [], next: null, status: "loading", problem: null, reach: null });
      list.status = "loading";
      list.problem = null;
    },
    pageArrived(
      state,
      { payload }: PayloadAction<{ key: string; page: Page<Conversation>; isFirst: boolean; pinned: Conversation[]; vanished?: string[] }>,
    ) {
      const { key, page, isFirst, pinned, vanished = [] } = payload;
      // Deleted or put elsewhere while nobody listened: what is only elsewhere may still come back.
      adapter.removeMany(state, vanished);
      upsert(state, [...page.items, ...pinned]);
      const ids = page.items.map((conversation) => conversation.id);
      const earlier = isFirst ? [] : (state.lists[key]?.ids ?? []);
      state.lists[key] = {
        ids: [...new Set([...earlier, ...ids])],
        next: page.next,
        status: "ready",
        problem: null,
        reach: page.next ? (page.items.at(-1)?.updated_at ?? null) : null,
      };
    },
    listFailed(state, { payload }: PayloadAction<{ key: string; problem: Problem }>) {
      const list = state.lists[payload.key];
      if (list) Object.assign(list, { status: "failed", problem: payload.problem });
    },
    conversationsChanged(state, { payload }: PayloadAction<Conversation[]>) {
      upsert(state, payload);
    },
    /** Shows a change before the server has confirmed it, or takes it back. */
    conversationPatched(state, { payload }: PayloadAction<{ id: string; changes: Partial<Conversation> }>) {
      adapter.updateOne(state, payload);
    },
    conversationsRemoved(state, { payload: ids }: PayloadAction<string[]>) {
      for (const id of ids) state.gone[id] = true;
      adapter.removeMany(state, ids);
    },
    conversationRestored(state, { payload }: PayloadAction<Conversation>) {
      delete state.gone[payload.id];
      adapter.upsertOne(state, payload);
    },
  },
  extraReducers: (builder) =>
    builder
      .addCase(forgotten, () => initialState)
      .addCase(restored, (state, { payload }) => upsert(state, payload.conversations))
      .addCase(framesArrived, (state, { payload: frames }) => {
        for (const frame of frames) {
          if (frame.type === "snapshot" && "conversations" in frame.state) upsert(state, frame.state.conversations);
          if (frame.type === "snapshot" && "conversation" in frame.state) upsert(state, [frame.state.conversation]);
          if (frame.type !== "event") continue;
          const { event } = frame;
          if (event.conversation) upsert(state, [event.conversation]);
          if (event.type === "conversation.deleted" && event.conversation_id) {
            state.gone[event.conversation_id] = true;
            adapter.removeOne(state, event.conversation_id);
          }
        }
      }),
});

export const {
  listAsked,
  pageArrived,
  listFailed,
  conversationsChanged,
  conversationPatched,
  conversationsRemoved,
  conversationRestored,
} = slice.actions;
export const conversationsReducer = slice.reducer;
export const conversationSelectors = adapter.getSelectors();
