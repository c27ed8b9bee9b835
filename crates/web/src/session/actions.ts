import { api } from "../api/api";
import { type Problem, isProblem } from "../api/problem";
import { at, request, setCsrfToken } from "../api/request";
import { sendNext } from "../composer/actions";
import { forgetDrafts, setDraftOwner } from "../composer/drafts";
import { forgetOutbox, restoreOutbox } from "../composer/persist";
import type { Me, SignedIn } from "../contract";
import { allowKeeping, forgetKept, isOffline } from "../offline/state";
import { forgotten } from "../store/frames";
import type { Thunk } from "../store/store";
import { signedIn, signedOut, unreachable } from "./slice";

/** How long the page waits for the server before it shows what it has, in milliseconds. */
const PATIENCE = 10_000;

/** Finds out who is signed in. */
export const whoAmI = (): Thunk<Promise<Problem | null>> => async (dispatch, getState) => {
  try {
    dispatch(begin(await request<Me>({ path: at("/api/v1/me"), patience: PATIENCE })));
    return null;
  } catch (error) {
    if (!isProblem(error)) throw error;
    if (error.status === 401) {
      forgetKept();
      dispatch(signedOut());
    } else if (getState().session.status === "unknown" && !(await dispatch(showKept()))) {
      dispatch(unreachable());
    }
    return error;
  }
};

/** Finds out who is there when the page opens. Whoever came without a session need not be asked for. */
export const begun = (): Thunk<Promise<unknown>> => async (dispatch) => {
  const [page] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  if (page?.serverTiming.some(({ name }) => name === "stranger")) {
    forgetKept();
    dispatch(signedOut());
  } else {
    await dispatch(whoAmI());
  }
};

/** Shows what this device has kept; what reads it is loaded only then. */
const showKept = (): Thunk<Promise<boolean>> => async (dispatch) => {
  try {
    const { openKept } = await import("../offline/open");
    return await dispatch(openKept());
  } catch {
    return false;
  }
};

/** A session is there. Somebody else than before sees nothing of what was there. */
const begin =
  (me: Me): Thunk =>
  (dispatch, getState) => {
    const before = getState().session.me;
    const wasOffline = isOffline(getState());
    if (before && (before.id !== me.id || before.workspace_id !== me.workspace_id)) {
      forgetKept();
      dispatch(forgotten());
      dispatch(api.util.resetApiState());
    }
    setCsrfToken(me.csrf_token);
    allowKeeping(me.id);
    if (before?.id !== me.id) {
      setDraftOwner(me.id);
      dispatch(restoreOutbox(me.id));
    }
    dispatch(signedIn(me));
    if (wasOffline) dispatch(api.util.invalidateTags(["Model"]));
    // What could not be sent before goes out now.
    const waiting = new Set(getState().outbox.map(({ conversationId }) => conversationId));
    for (const conversationId of waiting) void dispatch(sendNext(conversationId));
  };

/** Finds out who has just signed in. */
export const entered = (): Thunk<Promise<void>> => async (dispatch) => {
  const problem = await dispatch(whoAmI());
  if (problem) throw problem;
};

/** Signs in with a password and, where one is asked for, a code. */
export const signIn =
  (email: string, password: string, code?: string): Thunk<Promise<void>> =>
  async (dispatch) => {
    await request<SignedIn>({ method: "POST", path: at("/api/v1/auth/login"), body: { email, password, code } });
    await dispatch(entered());
  };

/** Signs in with a passkey; with a signal, only offers it among what the browser fills in. */
export const signInByPasskey =
  (quietly: AbortSignal | null): Thunk<Promise<void>> =>
  async (dispatch) => {
    const { signInWithPasskey } = await import("./passkeys");
    if (await signInWithPasskey(quietly)) await dispatch(entered());
  };

export const setUp =
  (account: { token: string; email: string; password: string; display_name: string }): Thunk<Promise<void>> =>
  async (dispatch) => {
    await request<SignedIn>({ method: "POST", path: at("/api/v1/setup"), body: account });
    await dispatch(entered());
  };

/** Has the session look at another workspace. The page begins anew: everything on it belongs to a workspace. */
export const switchWorkspace =
  (workspaceId: string): Thunk<Promise<void>> =>
  async () => {
    await request({ method: "POST", path: at("/api/v1/me/workspace"), body: { workspace_id: workspaceId } });
    forgetKept();
    location.assign("/");
  };

interface SignOut {
  /** What is shown next; `null` for the same page. */
  page?: string | null;
  /** Whether all other sessions of the person end too. */
  everywhere?: boolean;
}

/** Ends the session, and leaves nothing of the person on this device. */
export const signOut = ({ page = "/login", everywhere }: SignOut = {}): Thunk<Promise<void>> => async (dispatch) => {
  try {
    await request<null>({ method: "POST", path: at("/api/v1/auth/logout"), body: everywhere ? { everywhere } : undefined });
  } catch (error) {
    // A session that is over already needs no end.
    if (!isProblem(error) || error.status !== 401) throw error;
  }
  dispatch(left(page));
};

/** Leaves nothing of the person on this device, and shows another page where one is named. */
export const left = (page: string | null): Thunk => (dispatch) => {
  // Whoever signs in next does not come to where this person was.
  if (page !== null) history.replaceState(null, "", page);
  forgetKept();
  forgetDrafts();
  dispatch(forgetOutbox());
  setCsrfToken(null);
  dispatch(signedOut());
  dispatch(forgotten());
  dispatch(api.util.resetApiState());
};
