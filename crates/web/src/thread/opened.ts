import { useEffect, useState } from "react";
import { request, at } from "../api/request";
import { isProblem } from "../api/problem";
import type { Page, ThreadMessage } from "../contract";
import { showBranch } from "../messages/actions";
import { threadArrived } from "../messages/slice";
import { useAppDispatch } from "../store/store";

const MOST_PAGES = 64;

/** The message that the address names (`?leaf=`, as links to a place in a conversation do), once it is loaded. */
export function useOpenedAt(conversationId: string | null): string | null {
  const dispatch = useAppDispatch();
  const [found, setFound] = useState<string | null>(null);
  const [leaf] = useState(() => new URLSearchParams(location.search).get("leaf"));
  useEffect(() => {
    if (!conversationId || !leaf) return;
    let isWanted = true;
    const find = async () => {
      let after: string | undefined;
      for (let page = 0; page < MOST_PAGES && isWanted; page += 1) {
        const loaded = await request<Page<ThreadMessage>>({
          path: at("/api/v1/conversations/{conversation_id}/messages", { conversation_id: conversationId }),
          query: { limit: 200, leaf, after },
        });
        dispatch(threadArrived({ conversationId, page: loaded }));
        if (loaded.items.some(({ id }) => id === leaf) || !loaded.next) break;
        after = loaded.next;
      }
      await dispatch(showBranch(conversationId, leaf));
      if (isWanted) setFound(leaf);
    };
    find().catch((error: unknown) => {
      // A link to a message that is gone leads to the conversation.
      if (!isProblem(error)) throw error;
    });
    return () => {
      isWanted = false;
    };
  }, [dispatch, conversationId, leaf]);
  return found;
}
