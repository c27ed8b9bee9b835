import { nanoid } from "@reduxjs/toolkit";
import { type Problem, isProblem } from "../api/problem";
import { at, request } from "../api/request";
import type {
  BatchResponse,
  Conversation,
  CreateConversation,
  Page,
  UpdateConversation,
} from "../contract";
import { isOffline } from "../offline/state";
import { sessionExpired } from "../session/slice";
import type { RootState, Thunk } from "../store/store";
import { noticed } from "../ui/notices";
import {
  type View,
  conversationPatched,
  conversationRestored,
  conversationSelectors,
  conversationsChanged,
  conversationsRemoved,
  keyOf,
  listAsked,
  listFailed,
  pageArrived,
} from "./slice";

const PAGE = 100;
/** The most that one request may ask for, and how much of a long list is read anew at most. */
const LARGEST = 200;
const MOST = 5_000;
const one = (id: string) => at("/api/v1/conversations/{conversation_id}", { conversation_id: id });

/** The problem behind an error of a request; a session that is over is noted. */
export const problemFrom =
  (error: unknown): Thunk<Problem> =>
  (dispatch) => {
    if (!isProblem(error)) throw error;
    if (error.status === 401) dispatch(sessionExpired());
    return error;
  };

/** What the list of a view showed when it was asked for again. What a search shows is only what the answer has. */
function shownIn({ conversations }: RootState, view: View): Conversation[] {
  if (view.q !== "") return [];
  return conversationSelectors.selectAll(conversations).filter(({ archived }) => archived === view.archived);
}

/** What should be in an answer, but is not, and has not changed since it was asked for. */
function vanished(
  { conversations }: RootState,
  before: Conversation[],
  { page, pinned }: { page: Page<Conversation>; pinned: Conversation[] },
): string[] {
  const there = new Set([...page.items, ...pinned].map(({ id }) => id));
  const reach = page.next ? (page.items.at(-1)?.updated_at ?? "") : "";
  return before
    .filter((one) => one.updated_at > reach && !there.has(one.id) && conversations.entities[one.id] === one)
    .map(({ id }) => id);
}

/**
 * Loads the first or the next page of a list, or reads it again as far as it had come, so that it neither loses its place
 * nor keeps what vanished unseen. Pinned conversations come along with the first page.
 */
export const loadConversations =
  (view: View, which: "first" | "next" | "again"): Thunk<Promise<void>> =>
  async (dispatch, getState) => {
    if (isOffline(getState())) {
      const { listKept } = await import("../offline/open");
      dispatch(listKept(view));
      return;
    }
    const key = keyOf(view);
    const list = getState().conversations.lists[key];
    if (which === "next" && (list?.status === "loading" || !list?.next)) return;
    dispatch(listAsked(key));
    const page = (query: Record<string, string | boolean | number | undefined>) =>
      request<Page<Conversation>>({
        path: at("/api/v1/conversations"),
        query: { archived: view.archived, q: view.q || undefined, ...query },
      });
    const wantsPinned = which !== "next" && !view.archived && view.q === "";
    const atOnce = which === "again" ? LARGEST : PAGE;
    const known = which === "again" ? Math.min(list?.ids.length ?? 0, MOST) : 0;
    const before = which === "again" ? shownIn(getState(), view) : [];
    try {
      let [items, pinned] = await Promise.all([
        page({ limit: atOnce, after: which === "next" ? (list?.next ?? undefined) : undefined }),
        wantsPinned ? page({ pinned: true, limit: LARGEST }) : null,
      ]);
      while (items.next && items.items.length < known) {
        const more = await page({ limit: atOnce, after: items.next });
        items = { items: [...items.items, ...more.items], next: more.next };
      }
      const answered = { page: items, pinned: pinned?.items ?? [] };
      dispatch(pageArrived({ key, ...answered, isFirst: which !== "next", vanished: vanished(getState(), before, answered) }));
    } catch (error) {
      dispatch(listFailed({ key, problem: dispatch(problemFrom(error)) }));
    }
  };

export const loadConversation =
  (id: string): Thunk<Promise<Conversation>> =>
  async (dispatch) => {
    const conversation = await request<Conversation>({ path: one(id) });
    dispatch(conversationsChanged([conversation]));
    return conversation;
  };

export const createConversation =
  (wanted: CreateConversation, idempotencyKey: string): Thunk<Promise<Conversation>> =>
  async (dispatch) => {
    const conversation = await request<Conversation>({
      method: "POST",
      path: at("/api/v1/conversations"),
      body: wanted,
      idempotencyKey,
    });
    dispatch(conversationsChanged([conversation]));
    return conversation;
  };

/** Changes a conversation at once, and takes it back when the server refuses. */
export const updateConversation =
  (id: string, changes: UpdateConversation): Thunk<Promise<boolean>> =>
  async (dispatch, getState) => {
    const before = getState().conversations.entities[id];
    const { active_leaf_id: _, ...shown } = changes;
    dispatch(conversationPatched({ id, changes: shown as Partial<Conversation> }));
    try {
      const changed = await request<Conversation>({
        method: "PATCH",
        path: one(id),
        body: changes,
        idempotencyKey: nanoid(),
      });
      dispatch(conversationsChanged([changed]));
      return true;
    } catch (error) {
      const problem = dispatch(problemFrom(error));
      if (before) {
        const fields = Object.keys(shown) as (keyof typeof shown)[];
        const restored = Object.fromEntries(fields.map((field) => [field, before[field as keyof Conversation]]));
        dispatch(conversationPatched({ id, changes: restored as Partial<Conversation> }));
      }
      dispatch(noticed("notice.notSaved", problem));
      return false;
    }
  };

/** Does the same with many conversations in one request a hundred. What fails is shown again. */
async function batch(ids: string[], name: string, params: Record<string, unknown>) {
  const failed: { id: string; problem: Problem | null }[] = [];
  for (let from = 0; from < ids.length; from += 100) {
    const commands = ids
      .slice(from, from + 100)
      .map((id) => ({ id, name, params: { conversation_id: id, ...params } }));
    const { results } = await request<BatchResponse>({
      method: "POST",
      path: at("/api/v1/batch"),
      body: { commands },
      idempotencyKey: nanoid(),
    });
    // What does not exist any more need not be deleted.
    const bad = results.filter((result) => result.status >= 400 && result.status !== 404);
    failed.push(...bad.map((result) => ({ id: result.id, problem: null })));
  }
  return failed;
}

export const updateConversations =
  (ids: string[], changes: UpdateConversation): Thunk<Promise<void>> =>
  async (dispatch, getState) => {
    const { entities } = getState().conversations;
    const before = ids.map((id) => entities[id]).filter((conversation) => conversation !== undefined);
    for (const id of ids) dispatch(conversationPatched({ id, changes: changes as Partial<Conversation> }));
    const undo = (failed: Set<string>) => {
      for (const conversation of before) {
        const { id, pinned, archived } = conversation;
        if (failed.has(id)) dispatch(conversationPatched({ id, changes: { pinned, archived } }));
      }
    };
    try {
      const failed = await batch(ids, "conversation.update", changes);
      if (failed.length > 0) {
        undo(new Set(failed.map(({ id }) => id)));
        dispatch(noticed("notice.someFailed"));
      }
    } catch (error) {
      undo(new Set(ids));
      dispatch(noticed("notice.notSaved", dispatch(problemFrom(error))));
    }
  };

export const deleteConversations =
  (ids: string[]): Thunk<Promise<void>> =>
  async (dispatch, getState) => {
    const { entities } = getState().conversations;
    const before = ids.map((id) => entities[id]).filter((conversation) => conversation !== undefined);
    dispatch(conversationsRemoved(ids));
    const undo = (failed: Set<string>) => {
      for (const conversation of before)
        if (failed.has(conversation.id)) dispatch(conversationRestored(conversation));
    };
    try {
      const failed = await batch(ids, "conversation.delete", {});
      if (failed.length > 0) {
        undo(new Set(failed.map(({ id }) => id)));
        dispatch(noticed("notice.someFailed"));
      }
    } catch (error) {
      undo(new Set(ids));
      dispatch(noticed("notice.notDeleted", dispatch(problemFrom(error))));
    }
  };
