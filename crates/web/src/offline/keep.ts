import { isProblem } from "../api/problem";
import { loadConversation } from "../conversations/actions";
import { conversationSelectors, conversationsRemoved } from "../conversations/slice";
import { siblingsOf, threadOf } from "../messages/thread";
import { mayKeep } from "./state";
import type { RootState, Store } from "../store/store";
import type { Message, ThreadMessage } from "../contract";
import { type KeptThread, readThreads, write } from "./database";

/** How long it is waited for more changes, in milliseconds. */
const PAUSE = 1_500;
const MOST_CONVERSATIONS = 300;
const MOST_MESSAGES = 200;
/** How much text of a conversation is kept, in characters. */
const MOST_TEXT = 1_000_000;

/** Keeps on the device what was read, for whoever is signed in, as long as the page is open. */
export function keep(store: Store): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let before: RootState | null = null;
  const written = new Map<string, Message[]>();
  const save = async () => {
    timer = undefined;
    const state = store.getState();
    if (!isTheirs(state)) return;
    before = state;
    const threads = threadsIn(state, written);
    try {
      await write(
        { person: state.session.me, conversations: conversationSelectors.selectAll(state.conversations).slice(0, MOST_CONVERSATIONS) },
        threads,
        Object.keys(state.conversations.gone),
      );
    } catch {
      // The device has no room, or keeps nothing: the page needs the network then.
    }
  };
  const look = () => {
    const { conversations, messages } = store.getState();
    if (conversations === before?.conversations && messages === before?.messages) return;
    if (before && conversations.gone !== before.conversations.gone) {
      // What is deleted goes at once.
      clearTimeout(timer);
      void save();
      return;
    }
    timer ??= setTimeout(() => void save(), PAUSE);
  };
  store.subscribe(look);
  look();
  void dropVanished(store);
}

type SignedIn = RootState & { session: { me: NonNullable<RootState["session"]["me"]> } };

const isTheirs = (state: RootState): state is SignedIn =>
  state.session.status === "signed-in" && state.session.me !== null && mayKeep(state.session.me.id);

/** The threads that changed since they were written. */
function threadsIn(state: RootState, written: Map<string, Message[]>): KeptThread[] {
  const threads: KeptThread[] = [];
  // What the store has let go is not held here either.
  for (const id of written.keys()) if (!state.messages.recent.includes(id)) written.delete(id);
  for (const [index, conversationId] of state.messages.recent.entries()) {
    const conversation = state.conversations.entities[conversationId];
    if (!conversation) continue;
    const { ids, cursor, isWhole } = threadOf(state.messages, conversation.active_leaf_id ?? null);
    const messages = newest(ids.map((id) => state.messages.entities[id]).filter((message) => message !== undefined));
    const earlier = written.get(conversationId);
    if (messages.length === 0 || (earlier?.length === messages.length && messages.every((message, at) => message === earlier[at]))) continue;
    written.set(conversationId, messages);
    const items = messages.map((message): ThreadMessage => ({ ...message, sibling_ids: siblingsOf(state.messages, message).ids }));
    const next = isWhole && items.length === ids.length ? null : cursor;
    threads.push({ conversationId, at: Date.now() - index, conversation, page: { items, next } });
  }
  return threads;
}

/** The newest messages of a branch, newest first, as far as there is room for them. */
function newest(messages: Message[]): Message[] {
  let room = MOST_TEXT;
  const kept: Message[] = [];
  for (const message of messages.toReversed().slice(0, MOST_MESSAGES)) {
    room -= message.parts.reduce((sum, part) => sum + ("text" in part ? (part.text?.length ?? 0) : 0), 0);
    if (room < 0 && kept.length > 0) break;
    kept.push(message);
  }
  return kept;
}

/** What was deleted while nobody listened does not stay here. Asks for what the list did not bring. */
async function dropVanished(store: Store): Promise<void> {
  const threads = await readThreads().catch(() => []);
  for (const { conversationId } of threads) {
    const state = store.getState();
    if (!isTheirs(state)) return;
    if (state.conversations.entities[conversationId]) continue;
    try {
      await store.dispatch(loadConversation(conversationId));
    } catch (error) {
      if (!isProblem(error)) throw error;
      if (error.status === 404) store.dispatch(conversationsRemoved([conversationId]));
    }
  }
}
