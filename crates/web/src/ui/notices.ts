import { type PayloadAction, createSlice, nanoid } from "@reduxjs/toolkit";
import type { Problem } from "../api/problem";
import { forgotten } from "../store/frames";

/** Something that the person should know, shown for a while. */
export interface Notice {
  id: string;
  /** A key of the translations. */
  text: NoticeText;
  problem: Problem | null;
}

export type NoticeText =
  | "notice.notSaved"
  | "notice.notDeleted"
  | "notice.someFailed"
  | "notice.notSent"
  | "notice.notStopped"
  | "notice.notForked"
  | "notice.notRegenerated"
  | "notice.fileTooLarge"
  | "notice.fileNotText";

const slice = createSlice({
  name: "notices",
  initialState: [] as Notice[],
  reducers: {
    noticed: {
      reducer(state, { payload }: PayloadAction<Notice>) {
        state.push(payload);
        if (state.length > 3) state.shift();
      },
      prepare: (text: NoticeText, problem: Problem | null = null) => ({ payload: { id: nanoid(), text, problem } }),
    },
    dismissed: (state, { payload }: PayloadAction<string>) => state.filter((notice) => notice.id !== payload),
  },
  extraReducers: (builder) => builder.addCase(forgotten, () => []),
});

export const { noticed, dismissed } = slice.actions;
export const noticesReducer = slice.reducer;
