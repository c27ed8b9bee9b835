import { useMemo } from "react";
import type { Outgoing } from "../composer/outbox";
import { useAppSelector } from "../store/store";

/** The thread as it will be: up to where the first message that is on its way continues it, and then what is on its way. */
export function useOutgoing(conversationId: string, threadIds: string[]): { ids: string[]; outgoing: Outgoing[] } {
  const outbox = useAppSelector((state) => state.outbox);
  return useMemo(() => {
    const outgoing = outbox.filter((message) => message.conversationId === conversationId);
    const parentId = outgoing[0]?.parentId;
    if (parentId === undefined) return { ids: threadIds, outgoing };
    const end = parentId === null ? 0 : threadIds.indexOf(parentId) + 1;
    return { ids: parentId !== null && end === 0 ? threadIds : threadIds.slice(0, end), outgoing };
  }, [outbox, conversationId, threadIds]);
}
