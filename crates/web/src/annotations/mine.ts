import { useMemo } from "react";
import { useAnnotationsQuery } from "../api/api";
import { isProblem } from "../api/problem";
import type { Annotation, Message } from "../contract";
import { useAppDispatch, useAppSelector } from "../store/store";
import { type NoticeText, noticed } from "../ui/notices";

/** What the person thinks of a message; nothing until it is known. */
export function useMine({ id, conversation_id: conversationId }: Message): { rating: Annotation | undefined; notes: Annotation[] } | null {
  const isSignedIn = useAppSelector((state) => state.session.status === "signed-in");
  const { data } = useAnnotationsQuery(conversationId, { skip: !isSignedIn });
  return useMemo(() => {
    if (!data) return null;
    const mine = data.filter((annotation) => annotation.message_id === id);
    const notes = mine.filter(({ kind }) => kind === "note").sort((one, other) => (one.created_at < other.created_at ? -1 : 1));
    return { rating: mine.find(({ kind }) => kind === "rating"), notes };
  }, [data, id]);
}

/** Tells a refusal as a notice; gives whether there was none. */
export function useOutcome(): (outcome: { error?: unknown }, text?: NoticeText) => boolean {
  const dispatch = useAppDispatch();
  return ({ error }, text = "notice.notSaved") => {
    if (error) dispatch(noticed(text, isProblem(error) ? error : null));
    return !error;
  };
}
