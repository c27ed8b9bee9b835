import type { Message } from "../contract";
import type { MessagesState } from "./slice";

/** A branch as far as it is known, oldest message first. */
export interface Thread {
  ids: string[];
  /** Whether the branch reaches back to its beginning. */
  isWhole: boolean;
  /** Where older messages begin, when some are not loaded. */
  cursor: string | null;
}

/** Walks from the end of a branch towards its beginning. */
export function threadOf(messages: MessagesState, leafId: string | null): Thread {
  if (leafId === null) return { ids: [], isWhole: true, cursor: null };
  const ids: string[] = [];
  let at: Message | undefined = messages.entities[leafId];
  if (!at) return { ids, isWhole: false, cursor: null };
  let oldest = at;
  while (at) {
    oldest = at;
    ids.push(at.id);
    at = at.parent_id ? messages.entities[at.parent_id] : undefined;
  }
  return { ids: ids.reverse(), isWhole: oldest.parent_id === null, cursor: messages.cursors[oldest.id] ?? null };
}

/** The messages that stand in the same place, oldest first, and which of them this is. */
export function siblingsOf(messages: Pick<MessagesState, "children">, message: Message): { ids: string[]; index: number } {
  const ids = messages.children[message.parent_id ?? message.conversation_id] ?? [message.id];
  return { ids, index: Math.max(0, ids.indexOf(message.id)) };
}
