import { type PayloadAction, createSlice } from "@reduxjs/toolkit";
import type { Problem } from "../api/problem";
import type { Part } from "../contract";
import { forgotten } from "../store/frames";

/** A message on its way. Its key makes sure that it arrives once, however often it is sent. */
export interface Outgoing {
  key: string;
  conversationId: string;
  parts: Part[];
  /** The message it continues; absent: the end of the branch that is active when its turn comes. */
  parentId?: string | null;
  model?: string | null;
  status: "queued" | "sending" | "failed";
  problem: Problem | null;
}

export type OutboxState = Outgoing[];

const slice = createSlice({
  name: "outbox",
  initialState: [] as OutboxState,
  reducers: {
    /** Messages that had not left the device when the page was closed. */
    outboxRestored: (state, { payload }: PayloadAction<Outgoing[]>) => [
      ...payload.map((outgoing) =>
        outgoing.status === "sending" ? { ...outgoing, status: "queued" as const } : outgoing,
      ),
      ...state,
    ],
    queued(state, { payload }: PayloadAction<Omit<Outgoing, "status" | "problem">>) {
      state.push({ ...payload, status: "queued", problem: null });
    },
    outgoingChanged(state, { payload }: PayloadAction<Pick<Outgoing, "key"> & Partial<Outgoing>>) {
      const outgoing = state.find(({ key }) => key === payload.key);
      if (outgoing) Object.assign(outgoing, payload);
    },
    outgoingRemoved: (state, { payload: key }: PayloadAction<string>) =>
      state.filter((outgoing) => outgoing.key !== key),
  },
  extraReducers: (builder) => builder.addCase(forgotten, () => []),
});

export const { outboxRestored, queued, outgoingChanged, outgoingRemoved } = slice.actions;
export const outboxReducer = slice.reducer;
