import { api } from "../api/api";
import { type Problem, isProblem } from "../api/problem";
import { at, request, setCsrfToken } from "../api/request";
import { sendNext } from "../composer/actions";
import { forgetDrafts, setDraftOwner } from "../composer/drafts";
import { forgetOutbox, restoreOutbox } from "../composer/persist";
import type { Me, SignedIn } from "../contract";
import { forgotten } from "../store/frames";
import type { Thunk } from "../store/store";
import { signedIn, signedOut, unreachable } from "./slice";

/** Finds out who is signed in. */
export const whoAmI = (): Thunk<Promise<Problem | null>> => async (dispatch) => {
  try {
    dispatch(begin(await request<Me>({ path: at("/api/v1/me") })));
    return null;
  } catch (error) {
    if (!isProblem(error)) throw error;
    dispatch(error.status === 401 ? signedOut() : unreachable());
    return error;
  }
};

/** A session is there. Somebody else than before sees nothing of what was there. */
const begin =
  (me: Me): Thunk =>
  (dispatch, getState) => {
    const before = getState().session.me;
    if (before && before.id !== me.id) {
      dispatch(forgotten());
      dispatch(api.util.resetApiState());
    }
    setCsrfToken(me.csrf_token);
    if (before?.id !== me.id) {
      setDraftOwner(me.id);
      dispatch(restoreOutbox(me.id));
    }
    dispatch(signedIn(me));
    // What could not be sent before goes out now.
    const waiting = new Set(getState().outbox.map(({ conversationId }) => conversationId));
    for (const conversationId of waiting) void dispatch(sendNext(conversationId));
  };

export const signIn =
  (email: string, password: string): Thunk<Promise<void>> =>
  async (dispatch) => {
    await request<SignedIn>({ method: "POST", path: at("/api/v1/auth/login"), body: { email, password } });
    const problem = await dispatch(whoAmI());
    if (problem) throw problem;
  };

export const setUp =
  (account: { token: string; email: string; password: string; display_name: string }): Thunk<Promise<void>> =>
  async (dispatch) => {
    await request<SignedIn>({ method: "POST", path: at("/api/v1/setup"), body: account });
    const problem = await dispatch(whoAmI());
    if (problem) throw problem;
  };

/** Ends the session and leaves nothing of the person on this device. */
export const signOut = (): Thunk<Promise<void>> => async (dispatch) => {
  try {
    await request<null>({ method: "POST", path: at("/api/v1/auth/logout") });
  } catch (error) {
    // A session that is over already needs no end.
    if (!isProblem(error) || error.status !== 401) throw error;
  }
  forgetDrafts();
  dispatch(forgetOutbox());
  setCsrfToken(null);
  dispatch(signedOut());
  dispatch(forgotten());
  dispatch(api.util.resetApiState());
};
