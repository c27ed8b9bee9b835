import { type PayloadAction, createSlice, original } from "@reduxjs/toolkit";
import type { Problem } from "../api/problem";
import type { Message, Page, ThreadMessage } from "../contract";
import { forgotten, framesArrived } from "../store/frames";

export interface MessagesState {
  entities: Record<string, Message>;
  /** The children of each message; the beginnings of a conversation stand under its own id. Sorted by age. */
  children: Record<string, string[]>;
  /** For the oldest message of each page: where the page before it begins. */
  cursors: Record<string, string>;
  /** Loading older messages of a conversation. */
  loading: Record<string, "loading" | "failed">;
  problems: Record<string, Problem>;
  /** The conversations that were opened last, the newest first. Messages of others are not kept. */
  recent: string[];
}

/** How many conversations are kept with their messages. */
const KEPT = 12;

const initialState: MessagesState = { entities: {}, children: {}, cursors: {}, loading: {}, problems: {}, recent: [] };

const placeOf = (message: Message) => message.parent_id ?? message.conversation_id;

function addChildren(state: MessagesState, place: string, ids: string[]): void {
  const known = state.children[place] ?? [];
  if (ids.every((id) => known.includes(id))) return;
  state.children[place] = [...new Set([...known, ...ids])].sort();
}

function upsert(state: MessagesState, message: Message): void {
  const known = state.entities[message.id];
  if (known && message.version < known.version) return;
  if (known && message.version === known.version && isTerminal(known) && !isTerminal(message)) return;
  state.entities[message.id] = message;
  addChildren(state, placeOf(message), [message.id]);
}

function remove(state: MessagesState, ids: string[]): void {
  for (const id of ids) {
    const message = state.entities[id];
    if (!message) continue;
    const place = placeOf(message);
    state.children[place] = (state.children[place] ?? []).filter((child) => child !== id);
    delete state.entities[id];
    delete state.children[id];
    delete state.cursors[id];
  }
}

/** Notes that a conversation is being read, and lets go of the one that was read longest ago. */
function note(state: MessagesState, conversationId: string): void {
  if (state.recent[0] === conversationId) return;
  state.recent = [conversationId, ...state.recent.filter((id) => id !== conversationId)];
  // Read without drafts: there may be tens of thousands of messages.
  const entities = original(state)?.entities ?? state.entities;
  for (const old of state.recent.splice(KEPT)) {
    for (const { id, conversation_id } of Object.values(entities)) {
      if (conversation_id !== old) continue;
      delete state.entities[id];
      delete state.children[id];
      delete state.cursors[id];
    }
    delete state.children[old];
    delete state.problems[old];
  }
}

/** Whether a message will not change by itself any more. */
export function isTerminal(message: Message): boolean {
  return message.status !== "pending" && message.status !== "streaming";
}

const slice = createSlice({
  name: "messages",
  initialState,
  reducers: {
    threadAsked(state, { payload: conversationId }: PayloadAction<string>) {
      note(state, conversationId);
      state.loading[conversationId] = "loading";
      delete state.problems[conversationId];
    },
    threadArrived(state, { payload }: PayloadAction<{ conversationId: string; page: Page<ThreadMessage> }>) {
      const { conversationId, page } = payload;
      note(state, conversationId);
      delete state.loading[conversationId];
      for (const { sibling_ids, ...message } of page.items) {
        upsert(state, message);
        addChildren(state, placeOf(message), sibling_ids);
      }
      const oldest = page.items.at(-1);
      if (oldest && page.next) state.cursors[oldest.id] = page.next;
    },
    threadFailed(state, { payload }: PayloadAction<{ conversationId: string; problem: Problem }>) {
      state.loading[payload.conversationId] = "failed";
      state.problems[payload.conversationId] = payload.problem;
    },
    messagesChanged(state, { payload }: PayloadAction<Message[]>) {
      for (const message of payload) upsert(state, message);
    },
    messagesRemoved(state, { payload }: PayloadAction<string[]>) {
      remove(state, payload);
    },
  },
  extraReducers: (builder) =>
    builder
      .addCase(forgotten, () => initialState)
      .addCase(framesArrived, (state, { payload: frames }) => {
        for (const frame of frames) {
          if (frame.type !== "event") continue;
          const { message } = frame.event;
          // Conversations that nobody reads here are loaded when somebody does.
          if (message && state.recent.includes(message.conversation_id)) upsert(state, message);
          if (frame.event.removed_ids) remove(state, frame.event.removed_ids);
        }
      }),
});

export const { threadAsked, threadArrived, threadFailed, messagesChanged, messagesRemoved } = slice.actions;
export const messagesReducer = slice.reducer;
