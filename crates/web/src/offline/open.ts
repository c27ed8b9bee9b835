import { clientProblem } from "../api/problem";
import { setDraftOwner } from "../composer/drafts";
import { restoreOutbox } from "../composer/persist";
import { belongs, conversationSelectors, conversationsChanged, listAsked, pagesArrived, type View } from "../conversations/slice";
import { threadArrived, threadFailed } from "../messages/slice";
import { whoAmI } from "../session/actions";
import { restored } from "../store/frames";
import type { Thunk } from "../store/store";
import { readKept, readThread, readThreads } from "./database";

/** How long it is waited before the server is asked again, in milliseconds. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [2_000, 30_000];

/** Shows what this device has kept, until the server can be reached. Gives whether there is anything. */
export const openKept = (): Thunk<Promise<boolean>> => async (dispatch) => {
  const kept = await readKept().catch(() => null);
  if (!kept) return false;
  const threads = await readThreads().catch(() => []);
  setDraftOwner(kept.person.id);
  dispatch(restored({ ...kept, conversations: [...threads.map(({ conversation }) => conversation), ...kept.conversations] }));
  dispatch(restoreOutbox(kept.person.id));
  dispatch(comeBack());
  return true;
};

/** Asks again who is there until somebody answers: at intervals, and as soon as the device says that it is online. */
const comeBack = (): Thunk => (dispatch, getState) => {
  let pause = FIRST_PAUSE;
  let timer: ReturnType<typeof setTimeout>;
  const ask = async () => {
    clearTimeout(timer);
    await dispatch(whoAmI());
    if (getState().session.status === "offline") {
      clearTimeout(timer);
      timer = setTimeout(() => void ask(), pause);
      pause = Math.min(LONGEST_PAUSE, pause * 2);
    } else {
      removeEventListener("online", now);
    }
  };
  const now = () => void ask();
  addEventListener("online", now);
  timer = setTimeout(now, pause);
};

/** The list of a view, from what is there. */
export const listKept =
  (view: View): Thunk =>
  (dispatch, getState) => {
    const words = view.q.toLowerCase();
    dispatch(listAsked(view));
    const { conversations } = getState();
    const all = conversationSelectors.selectAll(conversations);
    const items = all.filter((one) => belongs(view, one, conversations.me) && one.title.toLowerCase().includes(words));
    dispatch(pagesArrived({ view, pages: [{ after: null, page: { items, next: null } }], where: "first", now: Date.now() }));
  };

export const threadKept =
  (conversationId: string): Thunk<Promise<void>> =>
  async (dispatch) => {
    const thread = await readThread(conversationId).catch(() => null);
    if (thread) {
      dispatch(conversationsChanged([thread.conversation]));
      dispatch(threadArrived({ conversationId, page: thread.page }));
    } else {
      dispatch(threadFailed({ conversationId, problem: clientProblem("not_kept", 0, "") }));
    }
  };
