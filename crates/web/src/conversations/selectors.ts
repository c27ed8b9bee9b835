import { createSelector } from "@reduxjs/toolkit";
import type { Conversation } from "../contract";
import type { RootState } from "../store/store";
import { type View, shownIn } from "./slice";

/** What a view shows, newest first. A search shows what the server found; other views follow every change. */
export const makeSelectView = () =>
  createSelector(
    [(state: RootState) => state.conversations, (_: RootState, view: View) => view],
    (conversations, view): Conversation[] => shownIn(conversations, view),
    { memoizeOptions: { resultEqualityCheck: sameItems } },
  );

function sameItems(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
