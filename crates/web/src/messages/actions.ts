import { nanoid } from "@reduxjs/toolkit";
import { at, request } from "../api/request";
import type { Conversation, Exchange, Message, Page, Run, ThreadMessage } from "../contract";
import { problemFrom, updateConversation } from "../conversations/actions";
import { isViewer } from "../conversations/rights";
import { conversationPatched, conversationsChanged } from "../conversations/slice";
import { isOffline } from "../offline/state";
import { runKnown } from "../runs/slice";
import type { Thunk } from "../store/store";
import { noticed } from "../ui/notices";
import { messagesChanged, messagesRemoved, threadArrived, threadAsked, threadFailed } from "./slice";
import { threadOf } from "./thread";

const PAGE = 50;

/** Loads messages of a branch: its newest ones, or those before the oldest that is known. */
export const loadThread =
  (conversationId: string, leaf: string | null, after: string | null): Thunk<Promise<void>> =>
  async (dispatch, getState) => {
    if (isOffline(getState())) {
      const { threadKept } = await import("../offline/open");
      return dispatch(threadKept(conversationId));
    }
    if (after !== null && getState().messages.loading[conversationId] === "loading") return;
    dispatch(threadAsked(conversationId));
    try {
      const page = await request<Page<ThreadMessage>>({
        path: at("/api/v1/conversations/{conversation_id}/messages", { conversation_id: conversationId }),
        query: { limit: PAGE, leaf: leaf ?? undefined, after: after ?? undefined },
      });
      dispatch(threadArrived({ conversationId, page }));
    } catch (error) {
      dispatch(threadFailed({ conversationId, problem: dispatch(problemFrom(error)) }));
    }
  };

/** An exchange began: its messages are shown at once, on the branch that they make active. */
export const exchangeArrived =
  ({ message, reply, run }: Exchange): Thunk =>
  (dispatch) => {
    dispatch(messagesChanged(reply ? [message, reply] : [message]));
    if (run) dispatch(runKnown(run));
    const changes = { active_leaf_id: (reply ?? message).id };
    dispatch(conversationPatched({ id: message.conversation_id, changes }));
  };

/** Shows the branch on which a message stands. In somebody else's conversation the others keep the branch that they see. */
export const showBranch =
  (conversationId: string, messageId: string): Thunk<Promise<void>> =>
  async (dispatch, getState) => {
    if (!getState().messages.entities[messageId]) await dispatch(loadThread(conversationId, messageId, null));
    const { conversations, session } = getState();
    const isMine = conversations.entities[conversationId]?.owner_id === session.me?.id && !isViewer(getState());
    if (isMine) await dispatch(updateConversation(conversationId, { active_leaf_id: messageId }));
    else dispatch(conversationPatched({ id: conversationId, changes: { active_leaf_id: messageId } }));
    const leaf = getState().conversations.entities[conversationId]?.active_leaf_id ?? null;
    const thread = threadOf(getState().messages, leaf);
    if (!thread.ids.includes(messageId)) await dispatch(loadThread(conversationId, leaf, null));
  };

/** Replaces what a message says. Gives the problem when the server refuses. */
export const editMessage =
  (message: Message, text: string): Thunk<Promise<boolean>> =>
  async (dispatch) => {
    const kept = message.parts.filter((part) => part.kind !== "text");
    const parts = [...kept, { kind: "text" as const, text }];
    dispatch(messagesChanged([{ ...message, parts }]));
    try {
      const edited = await request<Message>({
        method: "PATCH",
        path: at("/api/v1/messages/{message_id}", { message_id: message.id }),
        body: { parts },
        version: message.version,
        idempotencyKey: nanoid(),
      });
      dispatch(messagesChanged([edited]));
      return true;
    } catch (error) {
      dispatch(messagesChanged([message]));
      dispatch(noticed("notice.notSaved", dispatch(problemFrom(error))));
      return false;
    }
  };

export const regenerate =
  (messageId: string, model: string | null): Thunk<Promise<void>> =>
  async (dispatch) => {
    try {
      const exchange = await request<Exchange>({
        method: "POST",
        path: at("/api/v1/messages/{message_id}/regenerate", { message_id: messageId }),
        body: model ? { model } : {},
        idempotencyKey: nanoid(),
      });
      dispatch(exchangeArrived(exchange));
    } catch (error) {
      dispatch(noticed("notice.notRegenerated", dispatch(problemFrom(error))));
    }
  };

export const deleteMessage =
  (message: Message): Thunk<Promise<void>> =>
  async (dispatch) => {
    try {
      await request<null>({
        method: "DELETE",
        path: at("/api/v1/messages/{message_id}", { message_id: message.id }),
        idempotencyKey: nanoid(),
      });
      const conversation = await request<Conversation>({
        path: at("/api/v1/conversations/{conversation_id}", { conversation_id: message.conversation_id }),
      });
      dispatch(messagesRemoved([message.id]));
      dispatch(conversationsChanged([conversation]));
    } catch (error) {
      dispatch(noticed("notice.notDeleted", dispatch(problemFrom(error))));
    }
  };

export const stopRun =
  (runId: string): Thunk<Promise<void>> =>
  async (dispatch) => {
    try {
      const path = at("/api/v1/runs/{run_id}/cancel", { run_id: runId });
      await request<Run>({ method: "POST", path, idempotencyKey: nanoid() });
    } catch (error) {
      dispatch(noticed("notice.notStopped", dispatch(problemFrom(error))));
    }
  };

/** Copies the branch up to a message into a new conversation; gives its id. */
export const fork =
  (conversationId: string, messageId: string): Thunk<Promise<string | null>> =>
  async (dispatch) => {
    try {
      const forked = await request<Conversation>({
        method: "POST",
        path: at("/api/v1/conversations/{conversation_id}/fork", { conversation_id: conversationId }),
        body: { message_id: messageId },
        idempotencyKey: nanoid(),
      });
      dispatch(conversationsChanged([forked]));
      return forked.id;
    } catch (error) {
      dispatch(noticed("notice.notForked", dispatch(problemFrom(error))));
      return null;
    }
  };
