import { type PayloadAction, createSlice } from "@reduxjs/toolkit";
import type { Me } from "../contract";
import { forgotten } from "../store/frames";
import type { ConnectionState } from "../socket/socket";

export interface SessionState {
  /** `expired`: somebody was signed in, and what they typed is still on the page. */
  status: "unknown" | "signed-in" | "signed-out" | "expired" | "unreachable";
  me: Me | null;
  connection: ConnectionState;
}

const initialState = { status: "unknown", me: null, connection: "connecting" } as SessionState;

const slice = createSlice({
  name: "session",
  initialState,
  reducers: {
    signedIn: (state, { payload }: PayloadAction<Me>) => ({ ...state, status: "signed-in", me: payload }),
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
  extraReducers: (builder) => builder.addCase(forgotten, (state) => ({ ...initialState, status: state.status })),
});

export const { signedIn, signedOut, sessionExpired, unreachable, connectionChanged } = slice.actions;
export const sessionReducer = slice.reducer;
