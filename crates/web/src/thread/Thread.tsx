import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { Suspense, lazy, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Right } from "../conversations/rights";
import { loadThread } from "../messages/actions";
import { threadOf } from "../messages/thread";
import { isOffline } from "../offline/state";
import { useAppDispatch, useAppSelector } from "../store/store";
import { ProblemText } from "../ui/ProblemText";
import { MessageItem } from "./MessageItem";
import { OutgoingItem } from "./OutgoingItem";
import { useOutgoing } from "./outgoing";

const Reader = lazy(() => import("./Reader"));

/** How near to the end counts as being there. */
const AT_END = 80;
/** How many messages before the first one older ones are asked for. */
const AHEAD = 3;

interface ThreadProps {
  conversationId: string;
  right: Right;
  /** A message to show in the middle, because the address names it. */
  openedAt: string | null;
  editedId: string | null;
  onEdit: (id: string | null) => void;
}

/** The messages of the active branch. Only those that can be seen exist; nothing jumps when others change or come. */
export function Thread({ conversationId, right, openedAt, editedId, onEdit }: ThreadProps) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const leafId = useAppSelector((state) => state.conversations.entities[conversationId]?.active_leaf_id ?? null);
  const origin = useAppSelector((state) => state.conversations.entities[conversationId]?.forked_from ?? null);
  const messages = useAppSelector((state) => state.messages);
  const loading = useAppSelector((state) => state.messages.loading[conversationId]);
  const problem = useAppSelector((state) => state.messages.problems[conversationId]);
  const isAway = useAppSelector(isOffline);
  const isKnown = useAppSelector((state) => state.conversations.entities[conversationId] !== undefined);
  const thread = useMemo(() => threadOf(messages, leafId), [messages, leafId]);
  const { ids, outgoing } = useOutgoing(conversationId, thread.ids);
  const keys = useMemo(() => [...ids, ...outgoing.map(({ key }) => key)], [ids, outgoing]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: keys.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 160,
    getItemKey: (index) => keys[index] ?? index,
    overscan: 4,
    paddingStart: 16,
    paddingEnd: 24,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: AT_END,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const { cursor, isWhole } = thread;
  const isEmpty = keys.length === 0;
  useScrollToNewest(virtual, isEmpty);
  useEffect(() => {
    if (openedAt === null) return;
    const index = keys.indexOf(openedAt);
    if (index >= 0) virtual.scrollToIndex(index, { align: "start" });
    // Only when the message was found, not whenever the thread changes.
  }, [openedAt]);
  useEffect(() => {
    if (!isEmpty && !isWhole && cursor && first < AHEAD && loading === undefined) {
      void dispatch(loadThread(conversationId, leafId, cursor));
    }
  }, [dispatch, conversationId, isEmpty, isWhole, cursor, first, loading, leafId]);
  const isLeafUnknown = leafId !== null && messages.entities[leafId] === undefined;
  useEffect(() => {
    if (isLeafUnknown && loading === undefined) void dispatch(loadThread(conversationId, leafId, null));
  }, [dispatch, conversationId, isLeafUnknown, loading, leafId]);
  useEffect(() => {
    if (editedId !== "last") return;
    onEdit(ids.findLast((id) => messages.entities[id]?.role === "user") ?? null);
  }, [editedId, ids, messages, onEdit]);
  const isFarFromEnd = useIsAway(scroller.current, virtual.getTotalSize());
  return (
    <div className="thread-place">
      <div className="thread" ref={scroller} tabIndex={0} role="region" aria-label={t("chat.thread")} aria-busy={loading === "loading"}>
        {problem && (
          <p className="thread-note" role="alert">
            {t("chat.failed")} <ProblemText problem={problem} />{" "}
            <button type="button" className="link" onClick={() => void dispatch(loadThread(conversationId, null, cursor))}>
              {t("app.retry")}
            </button>
          </p>
        )}
        {isEmpty && isKnown && leafId === null && <p className="thread-note">{t("chat.empty")}</p>}
        {origin && isWhole && !isEmpty && (
          <p className="thread-note">
            {t("chat.forked")} <Link href={`/c/${origin.conversation_id}`}>{t("chat.forkedFrom")}</Link>
          </p>
        )}
        {!isEmpty && !isWhole && <p className="thread-note loading-older">{t(isAway ? "offline.older" : "chat.loadingOlder")}</p>}
        <ol style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const sent = outgoing[item.index - ids.length];
            return (
              <li
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {sent ? (
                  <OutgoingItem outgoing={sent} />
                ) : (
                  <MessageItem
                    id={String(item.key)}
                    right={right}
                    isLast={item.index === ids.length - 1}
                    isMarked={item.key === openedAt}
                    isEdited={item.key === editedId}
                    onEdit={onEdit}
                  />
                )}
              </li>
            );
          })}
        </ol>
      </div>
      {isFarFromEnd && (
        <button type="button" className="round to-end" title={t("chat.toEnd")} onClick={() => virtual.scrollToEnd()}>
          <ArrowDown aria-hidden size={18} />
          <span className="hidden">{t("chat.toEnd")}</span>
        </button>
      )}
      <div className="hidden" aria-live="polite" aria-atomic="true">
        <Suspense fallback={null}>{leafId && <Reader key={leafId} messageId={leafId} />}</Suspense>
      </div>
    </div>
  );
}

/** A conversation opens at its newest message. */
function useScrollToNewest(virtual: { scrollToEnd(): void }, isEmpty: boolean): void {
  const isDone = useRef(false);
  useLayoutEffect(() => {
    if (isEmpty || isDone.current) return;
    isDone.current = true;
    virtual.scrollToEnd();
  }, [isEmpty, virtual]);
}

/** Whether the newest message is out of sight. */
function useIsAway(scroller: HTMLDivElement | null, size: number): boolean {
  const [isAway, setAway] = useState(false);
  useEffect(() => {
    if (!scroller) return;
    const look = () => setAway(scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight > 2 * AT_END);
    look();
    scroller.addEventListener("scroll", look, { passive: true });
    return () => scroller.removeEventListener("scroll", look);
  }, [scroller, size]);
  return isAway;
}
