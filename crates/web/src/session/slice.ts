import { type PayloadAction, createSlice } from "@reduxjs/toolkit";
import type { Me } from "../contract";
import { forgotten, restored } from "../store/frames";
import type { ConnectionState } from "../socket/socket";

/** Somebody who is signed in, without what proves it. */
export type Person = Omit<Me, "csrf_token">;

export interface SessionState {
  /**
   * `expired`: somebody was signed in, and what they typed is still on the page. `offline`: the server cannot be reached,
   * and what this device has kept of the person is shown.
   */
  status: "unknown" | "signed-in" | "signed-out" | "expired" | "unreachable" | "offline";
  me: Person | null;
  connection: ConnectionState;
}

const initialState = { status: "unknown", me: null, connection: "connecting" } as SessionState;

const slice = createSlice({
  name: "session",
  initialState,
  reducers: {
    signedIn: (state, { payload: { csrf_token: _, ...me } }: PayloadAction<Me>) => ({ ...state, status: "signed-in", me }),
    signedOut: () => ({ ...initialState, status: "signed-out" as const }),
    sessionExpired(state) {
      if (state.status === "signed-in") state.status = "expired";
    },
    unreachable(state) {
      if (state.status === "unknown") state.status = "unreachable";
    },
    connectionChanged(state, { payload }: PayloadAction<ConnectionState>) {
      state.connection = payload;
    },
  },
  extraReducers: (builder) =>
    builder
      .addCase(forgotten, (state) => ({ ...initialState, status: state.status }))
      .addCase(restored, (state, { payload }) => ({ ...state, status: "offline", me: payload.person })),
});

export const { signedIn, signedOut, sessionExpired, unreachable, connectionChanged } = slice.actions;
export const sessionReducer = slice.reducer;
