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
  conversationsKept,
  conversationsChanged,
  conversationsRemoved,
  keyOf,
  listAsked,
  listFailed,
  pagesArrived,
  shownIn,
} from "./slice";
import { type Arrived, idsOf, placeOf, wantedPage } from "./window";

const PAGE = 100;
/** The most that one request may ask for. */
const LARGEST = 200;
const one = (id: string) => at("/api/v1/conversations/{conversation_id}", { conversation_id: id });

/** The problem behind an error of a request; a session that is over is noted. */
export const problemFrom =
  (error: unknown): Thunk<Problem> =>
  (dispatch) => {
    if (!isProblem(error)) throw error;
    if (error.status === 401) dispatch(sessionExpired());
    return error;
  };

/** What should be in an answer, but is not, and has not changed since it was asked for. */
function vanished({ conversations }: RootState, before: Conversation[], pages: Arrived[], pinned: Conversation[]): string[] {
  const there = new Set([...pages.flatMap(({ page }) => page.items), ...pinned].map(({ id }) => id));
  const last = pages.at(-1)?.page;
  const end = last?.items.at(-1);
  const reach = last?.next && end ? placeOf(end) : "";
  return before.filter((one) => placeOf(one) > reach && !there.has(one.id) && conversations.entities[one.id] === one).map(({ id }) => id);
}

/**
 * Loads a page of a list: the first, the one behind or before those that are loaded, or the one with a line. Or reads again
 * what is loaded, so that the list neither loses its place nor keeps what vanished unseen. Pinned conversations come along
 * with the first page.
 */
export const loadConversations =
  (view: View, which: "first" | "next" | "previous" | "again" | number): Thunk<Promise<void>> =>
  async (dispatch, getState) => {
    if (isOffline(getState())) {
      const { listKept } = await import("../offline/open");
      dispatch(listKept(view));
      return;
    }
    const key = keyOf(view);
    const list = getState().conversations.lists[key];
    const isWhole = which === "first" || which === "again";
    const wanted = list && !isWhole ? wantedPage(list, which) : null;
    if (!isWhole && (!wanted || list?.status === "loading")) return;
    dispatch(listAsked(view));
    const ask = (query: Record<string, string | boolean | number | undefined>) =>
      request<Page<Conversation>>({
        path: at("/api/v1/conversations"),
        query: { ...view, q: view.q || undefined, ...query },
      });
    const pageAt = async (after: string | null, limit: number): Promise<Arrived> => ({ after, page: await ask({ limit, after: after ?? undefined }) });
    const wantsPinned = isWhole && !view.archived && !view.pinned && view.q === "";
    const isAgain = which === "again" && list !== undefined && list.pages.length > 0;
    const atOnce = isAgain ? LARGEST : PAGE;
    const known = isAgain ? idsOf(list).length : 0;
    const before = isAgain && view.q === "" ? shownIn(getState().conversations, view) : [];
    try {
      const [first, pinned] = await Promise.all([pageAt(isAgain ? (list.pages[0]?.after ?? null) : (wanted?.after ?? null), atOnce), wantsPinned ? ask({ pinned: true, limit: LARGEST }) : null]);
      const pages = [first];
      let count = first.page.items.length;
      for (let next = first.page.next; next && count < known; next = pages.at(-1)?.page.next ?? null) {
        const more = await pageAt(next, atOnce);
        pages.push(more);
        count += more.page.items.length;
      }
      const where = isAgain ? "again" : isWhole ? "first" : typeof which === "number" ? "instead" : which;
      const { conversations, messages } = getState();
      const gone = vanished(getState(), before, pages, pinned?.items ?? []);
      // A window that has moved on meanwhile does not want this page any more.
      if (!isWhole && conversations.lists[key] && wantedPage(conversations.lists[key], which)?.after !== wanted?.after) return;
      dispatch(pagesArrived({ view, pages, where, pinned: pinned?.items, vanished: gone, kept: messages.recent, now: Date.now() }));
    } catch (error) {
      dispatch(listFailed({ view, problem: dispatch(problemFrom(error)) }));
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
export async function batch(ids: string[], name: string, params: Record<string, unknown>) {
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
        const { id, pinned, archived, project_id } = conversation;
        if (failed.has(id)) dispatch(conversationPatched({ id, changes: { pinned, archived, project_id } }));
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
      dispatch(conversationsKept([...failed]));
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
