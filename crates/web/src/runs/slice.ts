import { type PayloadAction, createSlice, original } from "@reduxjs/toolkit";
import type { RunFrame, ServerFrame } from "../contract";
import { forgotten, framesArrived } from "../store/frames";
import { type RunState, emptyRun, reduceRun } from "./reducer";

export interface RunsState {
  runs: Record<string, RunState>;
  /** The run that writes a message. */
  byMessage: Record<string, string>;
}

const initialState: RunsState = { runs: {}, byMessage: {} };

/** The run whose channel a frame belongs to. */
export function runOf(frame: ServerFrame): string | null {
  if (!("channel" in frame) || typeof frame.channel !== "string") return null;
  return frame.channel.startsWith("run:") ? frame.channel.slice("run:".length) : null;
}

const isOfRun = (frame: ServerFrame): frame is RunFrame =>
  frame.type !== "error" && frame.type !== "unsubscribed" && runOf(frame) !== null;

/** How many runs are kept. Of one that nobody follows any more the end is not told; a snapshot brings it back if needed. */
const MOST = 64;

/** Without the runs that began first, where there are too many. */
function bounded(state: RunsState): RunsState {
  const ids = Object.keys(state.runs);
  if (ids.length <= MOST) return state;
  const dropped = new Set(ids.slice(0, -MOST));
  const keep = <T>(entries: Record<string, T>, isKept: (key: string, value: T) => boolean) =>
    Object.fromEntries(Object.entries(entries).filter(([key, value]) => isKept(key, value)));
  return { runs: keep(state.runs, (id) => !dropped.has(id)), byMessage: keep(state.byMessage, (_, id) => !dropped.has(id)) };
}

function assign(state: RunsState, runId: string, messageId: string): RunsState {
  const run = state.runs[runId] ?? emptyRun;
  return {
    runs: { ...state.runs, [runId]: { ...run, messageId } },
    byMessage: { ...state.byMessage, [messageId]: runId },
  };
}

function forget(state: RunsState, runId: string, messageId: string): RunsState {
  const { [runId]: _run, ...runs } = state.runs;
  const { [messageId]: _message, ...byMessage } = state.byMessage;
  return { runs, byMessage };
}

/** Applies everything that arrived at once; only runs that it is about change. */
export function reduceFrames(state: RunsState, frames: ServerFrame[]): RunsState {
  let { runs, byMessage } = state;
  for (const frame of frames) {
    const runId = runOf(frame);
    if (!runId || !isOfRun(frame)) continue;
    const before = runs[runId];
    // The event that ended a run brought the whole message, and may have come first.
    if (!before && frame.type.startsWith("run.") && frame.type !== "run.started") continue;
    const after = reduceRun(before ?? emptyRun, frame);
    if (after === before) continue;
    // Copied once for all frames of a batch.
    if (runs === state.runs) runs = { ...runs };
    runs[runId] = after;
    if (after.messageId && byMessage[after.messageId] !== runId) byMessage = { ...byMessage, [after.messageId]: runId };
  }
  let next = runs === state.runs && byMessage === state.byMessage ? state : { runs, byMessage };
  for (const frame of frames) {
    if (frame.type !== "event" || !frame.event.run || !frame.event.message_id) continue;
    const { id, status } = frame.event.run;
    const change = status === "running" ? assign : forget;
    next = change(next, id, frame.event.message_id);
  }
  return bounded(next);
}

const slice = createSlice({
  name: "runs",
  initialState,
  reducers: {
    /** The server said which message a run writes. */
    runKnown: (state, { payload }: PayloadAction<{ id: string; message_id: string }>) =>
      bounded(assign(original(state) ?? initialState, payload.id, payload.message_id)),
  },
  extraReducers: (builder) =>
    builder
      .addCase(forgotten, () => initialState)
      .addCase(framesArrived, (state, { payload }) => reduceFrames(original(state) ?? initialState, payload)),
});

export const { runKnown } = slice.actions;
export const runsReducer = slice.reducer;
