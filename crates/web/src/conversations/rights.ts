import { useProjectsQuery } from "../api/api";
import type { Conversation } from "../contract";
import { type RootState, useAppSelector } from "../store/store";

/** What the person may do with a conversation; each includes the next: all of it, going on with it, or only reading it. */
export type Right = "own" | "write" | "read";

/** Whether the person may change nothing at all in this workspace. */
export const isViewer = ({ session }: RootState): boolean => session.me?.role === "viewer";

/** Whether links to conversations may be made on this server. */
export const mayLink = ({ session }: RootState): boolean => session.me?.link_sharing !== false;

/** A conversation that does not exist yet belongs to whoever begins it. */
export function useRight(conversation: Conversation | undefined): Right {
  const me = useAppSelector((state) => state.session.me?.id);
  const onlyReads = useAppSelector(isViewer);
  const isOthers = conversation !== undefined && conversation.owner_id !== me;
  const { data: projects } = useProjectsQuery(undefined, { skip: !isOthers || onlyReads });
  if (onlyReads) return "read";
  if (!isOthers) return "own";
  const access = projects?.find(({ id }) => id === conversation.project_id)?.access;
  return access === undefined || access === "read" ? "read" : "write";
}
