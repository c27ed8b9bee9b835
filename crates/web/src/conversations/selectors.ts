import { createSelector } from "@reduxjs/toolkit";
import type { Conversation } from "../contract";
import type { RootState } from "../store/store";
import { type View, conversationSelectors, keyOf } from "./slice";

const selectAll = (state: RootState) => conversationSelectors.selectAll(state.conversations);

/** The conversations of a view, newest first. A search shows what the server found; other views follow every change. */
export const makeSelectView = () =>
  createSelector(
    [
      selectAll,
      (state: RootState, view: View) => state.conversations.lists[keyOf(view)],
      (state: RootState) => state.conversations.entities,
      (_: RootState, view: View) => view,
    ],
    (all, list, entities, view): Conversation[] => {
      if (!list) return [];
      if (view.q !== "") return list.ids.map((id) => entities[id]).filter((conversation) => conversation !== undefined);
      const { reach } = list;
      return all.filter(
        (conversation) =>
          conversation.archived === view.archived &&
          (reach === null || conversation.updated_at >= reach || (conversation.pinned && !view.archived)),
      );
    },
    { memoizeOptions: { resultEqualityCheck: sameItems } },
  );

function sameItems(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
