import { type PayloadAction, createEntityAdapter, createSlice, current, isDraft } from "@reduxjs/toolkit";
import type { Problem } from "../api/problem";
import type { Conversation } from "../contract";
import { signedIn } from "../session/slice";
import { forgotten, framesArrived, restored } from "../store/frames";
import { type Arrived, type Where, type Window, idsOf, isBetween, noWindow, placeOf, reachOf, topOf, withPages } from "./window";

/** Which conversations a list shows. */
export interface View {
  archived: boolean;
  /** What titles contain. */
  q: string;
  /** Only the pinned ones. */
  pinned?: boolean;
  /** Only those with this tag. */
  tag?: string;
  /** Only those in this project, whosever they are. */
  project?: string;
}

export function keyOf({ archived, q, pinned, tag, project }: View): string {
  return [archived ? "archived" : "current", pinned ? "pinned" : "", tag, project, q].join(":");
}

/** Whether nothing but the archive is apart in a view. */
const isPlain = ({ q, pinned, tag, project }: View) => q === "" && !pinned && tag === undefined && project === undefined;

/** Whether a conversation belongs into a view, as far as it shows that itself. Those of others stand in projects only. */
export function belongs({ archived, pinned, tag, project }: View, one: Conversation, me: string | null): boolean {
  if (one.archived !== archived || (pinned && !one.pinned)) return false;
  if (project === undefined && me !== null && one.owner_id !== me) return false;
  return (tag === undefined || one.tag_ids.includes(tag)) && (project === undefined || one.project_id === project);
}

/** What is beyond the window of a list, but known from elsewhere, is not shown. */
export interface List extends Window {
  view: View;
  status: "loading" | "ready" | "failed";
  problem: Problem | null;
}

function newestFirst(one: Conversation, other: Conversation): number {
  const [place, otherPlace] = [placeOf(one), placeOf(other)];
  return place < otherPlace ? 1 : place > otherPlace ? -1 : 0;
}

const adapter = createEntityAdapter<Conversation>({ sortComparer: newestFirst });

export const conversationSelectors = adapter.getSelectors();

const initialState = adapter.getInitialState({
  /** Who is signed in, or was on this device. */
  me: null as string | null,
  lists: {} as Record<string, List>,
  /** Deleted here or elsewhere: late answers do not bring them back. */
  gone: {} as Record<string, true>,
});

export type ConversationsState = typeof initialState;

function upsert(state: ConversationsState, conversations: Conversation[]): void {
  const newer = conversations.filter((conversation) => {
    const known = state.entities[conversation.id];
    return !state.gone[conversation.id] && (!known || conversation.version >= known.version);
  });
  adapter.upsertMany(state, newer);
}

/** The conversations of a list's window and the pinned ones, newest first. */
export function shownIn(state: ConversationsState, view: View): Conversation[] {
  const list = state.lists[keyOf(view)];
  if (!list) return [];
  if (view.q !== "") return idsOf(list).map((id) => state.entities[id]).filter((conversation) => conversation !== undefined);
  const [top, reach] = [topOf(list), reachOf(list)];
  return conversationSelectors
    .selectAll(state)
    .filter((one) => belongs(view, one, state.me) && ((one.pinned && !view.archived) || isBetween(placeOf(one), top, reach)));
}

const unloaded = (view: View): List => ({ ...noWindow, view, status: "loading", problem: null });

/** What a reducer works on, as it is now, without the detour of a draft. */
const plain = <T extends object>(state: T): T => (isDraft(state) ? (current(state as never) as T) : state);

export interface PagesArrived {
  view: View;
  pages: Arrived[];
  where: Where;
  pinned?: Conversation[];
  vanished?: string[];
  /** Conversations that are needed elsewhere, wherever the window is. */
  kept?: string[];
  now: number;
}

const slice = createSlice({
  name: "conversations",
  initialState,
  reducers: {
    listAsked(state, { payload: view }: PayloadAction<View>) {
      const key = keyOf(view);
      // Of what is filtered only the last is kept.
      for (const [other, list] of Object.entries(state.lists)) {
        if (!isPlain(list.view) && !isPlain(view) && other !== key) delete state.lists[other];
      }
      const list = (state.lists[key] ??= unloaded(view));
      list.status = "loading";
      list.problem = null;
    },
    pagesArrived(state, { payload }: PayloadAction<PagesArrived>) {
      const { view, pages, where, pinned = [], vanished = [], kept = [], now } = payload;
      const key = keyOf(view);
      // Another filter was chosen meanwhile.
      if (!isPlain(view) && !state.lists[key]) return;
      const before = state.lists[key] ?? unloaded(view);
      const shown = { conversations: shownIn(plain(state), view), now: new Date(now), withGroups: view.q === "" };
      const { window, dropped } = withPages(plain(before), pages, where, shown);
      // Deleted or put elsewhere while nobody listened: what is only elsewhere may still come back.
      adapter.removeMany(state, vanished);
      state.lists[key] = { ...window, view, status: "ready", problem: null };
      const wanted = new Set([...kept, ...Object.values(state.lists).flatMap(idsOf)]);
      adapter.removeMany(state, dropped.filter((id) => !wanted.has(id) && !state.entities[id]?.pinned));
      upsert(state, [...pages.flatMap(({ page }) => page.items), ...pinned]);
    },
    listFailed(state, { payload }: PayloadAction<{ view: View; problem: Problem }>) {
      const list = state.lists[keyOf(payload.view)];
      if (list) Object.assign(list, { status: "failed", problem: payload.problem });
    },
    conversationsChanged(state, { payload }: PayloadAction<Conversation[]>) {
      upsert(state, payload);
    },
    /** Shows a change before the server has confirmed it, or takes it back. */
    conversationPatched(state, { payload }: PayloadAction<{ id: string; changes: Partial<Conversation> }>) {
      adapter.updateOne(state, payload);
    },
    conversationsRemoved(state, { payload: ids }: PayloadAction<string[]>) {
      for (const id of ids) state.gone[id] = true;
      adapter.removeMany(state, ids);
    },
    /** They were not deleted after all; what they are is not known here. */
    conversationsKept(state, { payload: ids }: PayloadAction<string[]>) {
      for (const id of ids) delete state.gone[id];
    },
    conversationRestored(state, { payload }: PayloadAction<Conversation>) {
      delete state.gone[payload.id];
      adapter.upsertOne(state, payload);
    },
  },
  extraReducers: (builder) =>
    builder
      .addCase(forgotten, () => initialState)
      .addCase(signedIn, (state, { payload }) => ({ ...state, me: payload.id }))
      .addCase(restored, (state, { payload }) => {
        state.me = payload.person.id;
        upsert(state, payload.conversations);
      })
      .addCase(framesArrived, (state, { payload: frames }) => {
        for (const frame of frames) {
          if (frame.type === "snapshot" && "conversations" in frame.state) upsert(state, frame.state.conversations);
          if (frame.type === "snapshot" && "conversation" in frame.state) upsert(state, [frame.state.conversation]);
          if (frame.type !== "event") continue;
          const { event } = frame;
          if (event.conversation) upsert(state, [event.conversation]);
          if (event.type === "conversation.deleted" && event.conversation_id) {
            state.gone[event.conversation_id] = true;
            adapter.removeOne(state, event.conversation_id);
          }
        }
      }),
});

export const {
  listAsked,
  pagesArrived,
  listFailed,
  conversationsChanged,
  conversationPatched,
  conversationsRemoved,
  conversationsKept,
  conversationRestored,
} = slice.actions;
export const conversationsReducer = slice.reducer;
