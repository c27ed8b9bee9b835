import { nanoid } from "@reduxjs/toolkit";
import { at, request } from "../api/request";
import type { Conversation } from "../contract";
import { batch, problemFrom } from "../conversations/actions";
import { conversationPatched, conversationsChanged } from "../conversations/slice";
import type { Thunk } from "../store/store";
import { noticed } from "../ui/notices";

/** Gives a tag to conversations, or takes it from them: at once, and back again where the server refuses. */
export const setTag =
  (ids: string[], tagId: string, isOn: boolean): Thunk<Promise<void>> =>
  async (dispatch, getState) => {
    const show = (some: string[], has: boolean) => {
      for (const id of some) {
        const known = getState().conversations.entities[id];
        if (!known) continue;
        const others = known.tag_ids.filter((other) => other !== tagId);
        dispatch(conversationPatched({ id, changes: { tag_ids: has ? [...others, tagId].sort() : others } }));
      }
    };
    const concerned = ids.filter((id) => getState().conversations.entities[id]?.tag_ids.includes(tagId) !== isOn);
    show(concerned, isOn);
    try {
      const only = concerned.length === 1 ? concerned[0] : undefined;
      if (only !== undefined) {
        const path = at("/api/v1/conversations/{conversation_id}/tags/{tag_id}", { conversation_id: only, tag_id: tagId });
        const changed = await request<Conversation>({ method: isOn ? "PUT" : "DELETE", path, idempotencyKey: nanoid() });
        dispatch(conversationsChanged([changed]));
        return;
      }
      const failed = await batch(concerned, isOn ? "conversation.tag" : "conversation.untag", { tag_id: tagId });
      if (failed.length === 0) return;
      show(failed.map(({ id }) => id), !isOn);
      dispatch(noticed("notice.someFailed"));
    } catch (error) {
      show(concerned, !isOn);
      dispatch(noticed("notice.notSaved", dispatch(problemFrom(error))));
    }
  };
