import { nanoid } from "@reduxjs/toolkit";
import { isPassing } from "../api/problem";
import { at, request } from "../api/request";
import type { Exchange, Part, SendMessage } from "../contract";
import { problemFrom } from "../conversations/actions";
import { exchangeArrived } from "../messages/actions";
import { isTerminal } from "../messages/slice";
import type { RootState, Thunk } from "../store/store";
import { noticed } from "../ui/notices";
import { isEmpty, readDraft, writeDraft } from "./drafts";
import { type Outgoing, outgoingChanged, outgoingRemoved, queued } from "./outbox";

/** What is sent, and from where the conversation goes on. */
export interface Wanted {
  conversationId: string;
  parts: Part[];
  parentId?: string | null;
  model?: string | null;
}

/** Puts a message into the queue of its conversation, and sends it as soon as nothing is before it. */
export const send =
  (wanted: Wanted): Thunk =>
  (dispatch) => {
    dispatch(queued({ key: nanoid(), ...wanted }));
    void dispatch(sendNext(wanted.conversationId));
  };

/** Whether an answer is being written at the end of the conversation's active branch. */
export function isAnswering(state: RootState, conversationId: string): boolean {
  const leafId = state.conversations.entities[conversationId]?.active_leaf_id;
  const leaf = leafId ? state.messages.entities[leafId] : undefined;
  return leaf !== undefined && leaf.role === "assistant" && !isTerminal(leaf);
}

/** Sends what waits longest in a conversation, unless something is on its way or an answer is being written. */
export const sendNext =
  (conversationId: string): Thunk<Promise<void>> =>
  async (dispatch, getState) => {
    const mine = getState().outbox.filter((outgoing) => outgoing.conversationId === conversationId);
    const next = mine[0];
    if (!next || next.status !== "queued") return;
    // What begins a branch of its own need not wait for the one that is being written.
    if (next.parentId === undefined && isAnswering(getState(), conversationId)) return;
    if (getState().session.status !== "signed-in") return;
    dispatch(outgoingChanged({ key: next.key, status: "sending", problem: null }));
    const body: SendMessage = { parts: next.parts };
    if (next.parentId !== undefined) body.parent_id = next.parentId;
    if (next.model) body.model = next.model;
    try {
      const exchange = await request<Exchange>({
        method: "POST",
        path: at("/api/v1/conversations/{conversation_id}/messages", { conversation_id: conversationId }),
        body,
        idempotencyKey: next.key,
      });
      dispatch(outgoingRemoved(next.key));
      dispatch(exchangeArrived(exchange));
      void dispatch(sendNext(conversationId));
    } catch (error) {
      const problem = dispatch(problemFrom(error));
      if (problem.slug === "answer_running") {
        // Its turn comes when the answer ends.
        dispatch(outgoingChanged({ key: next.key, status: "queued" }));
      } else if (problem.status === 401) {
        dispatch(outgoingChanged({ key: next.key, status: "queued" }));
      } else {
        dispatch(outgoingChanged({ key: next.key, status: "failed", problem }));
        // What was refused goes back to where it can be changed, with the reason.
        if (!isPassing(problem) && dispatch(giveBack(next))) dispatch(noticed("notice.notSent", problem));
      }
    }
  };

/** Sends again what failed, under the same key: had it arrived after all, it arrives once. */
export const retry =
  (outgoing: Outgoing): Thunk =>
  (dispatch) => {
    dispatch(outgoingChanged({ key: outgoing.key, status: "queued", problem: null }));
    void dispatch(sendNext(outgoing.conversationId));
  };

/** Sends again everything that could not be sent while nobody was there. */
export const retryAll = (): Thunk => (dispatch, getState) => {
  for (const outgoing of getState().outbox) {
    if (outgoing.status === "failed" && outgoing.problem && isPassing(outgoing.problem)) dispatch(retry(outgoing));
  }
};

/** Puts a message back into the composer, where it can be changed, unless something else stands there. */
export const giveBack =
  (outgoing: Outgoing): Thunk<boolean> =>
  (dispatch) => {
    const place = outgoing.conversationId;
    if (!isEmpty(readDraft(place))) return false;
    const text = outgoing.parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n\n");
    writeDraft(place, { text, files: outgoing.parts.filter((part) => part.kind === "file" || part.kind === "image") });
    dispatch(outgoingRemoved(outgoing.key));
    return true;
  };
