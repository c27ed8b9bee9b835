import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useRoute } from "wouter";
import { isOffline } from "../offline/state";
import { useAppDispatch, useAppSelector } from "../store/store";
import { ProblemText } from "../ui/ProblemText";
import { ConversationRow } from "./ConversationRow";
import { loadConversations } from "./actions";
import { type GroupLabel, type Row, rowsOf } from "./groups";
import { makeSelectView } from "./selectors";
import { type View, keyOf } from "./slice";
import { linesOf, topOf } from "./window";

const ROW = 38;
/** How many lines before the end the next page is asked for. */
const AHEAD = 20;
/** From how many lines away a page is loaded without those in between. */
const FAR = 150;

interface ConversationListProps {
  view: View;
  selected: ReadonlySet<string> | null;
  onToggle: (id: string) => void;
}

/** The conversations of a view. Only the lines that can be seen exist. */
export function ConversationList({ view, selected, onToggle }: ConversationListProps) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [, route] = useRoute("/c/:id");
  const currentId = route?.id ?? null;
  const { archived, q, pinned: isPinned, tag, project } = view;
  const key = keyOf(view);
  const list = useAppSelector((state) => state.conversations.lists[key]);
  const selectView = useMemo(makeSelectView, []);
  const stableView = useMemo((): View => ({ archived, q, pinned: isPinned, tag, project }), [archived, q, isPinned, tag, project]);
  const conversations = useAppSelector((state) => selectView(state, stableView));
  const top = list ? topOf(list) : null;
  const { pinned, rest } = useMemo(() => rowsOf(conversations, new Date(), q === "", top), [conversations, q, top]);
  const [above, below] = list ? [linesOf(list.above), linesOf(list.below)] : [0, 0];
  const rows = useMemo(() => [...pinned, ...rest], [pinned, rest]);
  /** The line with a number: one that is loaded, or none, where others stand that were let go. */
  const rowAt = (index: number) => (index < pinned.length ? pinned[index] : rest[index - pinned.length - above]);
  const lineOf = (index: number) => (index < pinned.length ? index : index + above);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length + above + below,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: (index) => rowAt(index)?.key ?? index,
    overscan: 8,
  });
  const { focusedId, onKeyDown, setFocused } = useRoving(rows, currentId, (index) => virtual.scrollToIndex(lineOf(index)));
  const isAway = useAppSelector(isOffline);
  useEffect(() => {
    void dispatch(loadConversations(stableView, "first"));
  }, [dispatch, stableView, isAway]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const first = items[0]?.index ?? 0;
  const isReady = list?.status === "ready";
  const begin = pinned.length + above;
  const end = begin + rest.length;
  useEffect(() => {
    if (!isReady) return;
    // Far above everything that is loaded, what is in between is not worth loading.
    if (above > 0 && last >= pinned.length && last < begin - FAR) void dispatch(loadConversations(stableView, Math.max(0, first - pinned.length)));
    else if (below > 0 && first > end + FAR) void dispatch(loadConversations(stableView, end - first - 1));
    else if (above > 0 && first < begin + AHEAD) void dispatch(loadConversations(stableView, "previous"));
    else if (last >= end - AHEAD) void dispatch(loadConversations(stableView, "next"));
  }, [dispatch, stableView, isReady, first, last, begin, end, above, below, pinned.length]);
  return (
    <div className="conversations" ref={scroller} aria-busy={list?.status === "loading"}>
      {list?.status === "failed" && list.problem && (
        <p className="hint" role="alert">
          {t("list.failed")} <ProblemText problem={list.problem} />{" "}
          <button type="button" className="link" onClick={() => void dispatch(loadConversations(stableView, "first"))}>
            {t("app.retry")}
          </button>
        </p>
      )}
      {rows.length === 0 && list?.status === "ready" && (
        <p className="hint" dir="auto">
          {q !== "" ? t("list.noMatch", { q }) : t(isPinned || tag || project ? "list.noneLeft" : archived ? "list.noArchived" : "list.empty")}
        </p>
      )}
      <ul style={{ height: virtual.getTotalSize() }} onKeyDown={onKeyDown}>
        {items.map((item) => {
          const row = rowAt(item.index);
          if (!row) return null;
          const style = { transform: `translateY(${item.start}px)` };
          return (
            <li key={item.key} style={style} data-index={item.index}>
              {row.kind === "heading" ? (
                <h2>
                  <Heading label={row.label} />
                </h2>
              ) : (
                <ConversationRow
                  id={row.id}
                  isCurrent={row.id === currentId}
                  isReachable={row.id === focusedId}
                  isSelected={selected ? selected.has(row.id) : null}
                  onToggle={onToggle}
                  onFocus={setFocused}
                />
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Heading({ label }: { label: GroupLabel }) {
  const { t, i18n } = useTranslation();
  if ("name" in label) return t(label.name);
  const format = new Intl.DateTimeFormat(i18n.language, { month: "long", year: "numeric" });
  return format.format(new Date(`${label.month}-15`));
}

/** One stop for the tab key in the whole list; the arrow keys move within it. */
function useRoving(rows: Row[], currentId: string | null, scrollTo: (index: number) => void) {
  const [focused, setFocused] = useState<string | null>(null);
  const ids = useMemo(() => rows.flatMap((row) => (row.kind === "conversation" ? [row.id] : [])), [rows]);
  const wanted = focused ?? currentId;
  const focusedId = wanted && ids.includes(wanted) ? wanted : (ids[0] ?? null);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -ids.length, End: ids.length }[event.key];
    if (step === undefined || !(event.target instanceof HTMLAnchorElement) || !focusedId) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(ids.length - 1, ids.indexOf(focusedId) + step));
    const next = ids[index];
    if (!next) return;
    setFocused(next);
    scrollTo(rows.findIndex((row) => row.key === next));
    requestAnimationFrame(() => document.getElementById(`conversation-${next}`)?.focus());
  };
  return { focusedId, onKeyDown, setFocused };
}
