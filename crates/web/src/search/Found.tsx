import { CheckSquare } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Conversation, SearchHit } from "../contract";
import SelectionBar from "../conversations/SelectionBar";
import { isViewer } from "../conversations/rights";
import { TagChip } from "../tags/TagChip";
import { useTags } from "../tags/tags";
import { useAppSelector } from "../store/store";
import { Failed } from "../ui/Failed";
import { useDates } from "../ui/dates";
import { type Order, useConversationsFoundInfiniteQuery, useSearchInfiniteQuery } from "./api";
import { excerpt } from "./excerpt";
import type { Meaning } from "./query";

const ROLES = {
  user: "message.you",
  assistant: "message.assistant",
  system: "message.system",
  tool: "message.tool",
} as const;

interface MessagesFoundProps {
  words: string;
  order: Order;
  filters: Meaning["messages"];
  isFiltered: boolean;
}

/** The messages in which the words occur. */
export function MessagesFound({ words: q, order, filters, isFiltered }: MessagesFoundProps) {
  const { t } = useTranslation();
  const { currentData, error, isFetching, hasNextPage, fetchNextPage } = useSearchInfiniteQuery({ q, order, ...filters });
  const hits = currentData?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Found
      items={hits.map((hit) => ({ key: hit.message_id, conversationId: hit.conversation_id, title: hit.conversation_title, isOwn: true, line: <Hit hit={hit} /> }))}
      isArchive={filters.archived === true}
      nothing={t(isFiltered ? "search.noneWithFilters" : "search.none", { q })}
      error={error}
      isFetching={isFetching}
      onMore={hasNextPage ? () => void fetchNextPage() : null}
    />
  );
}

/** The conversations that filters leave, where nothing is searched for in them. */
export function ConversationsFound({ filters }: { filters: Meaning["conversations"] }) {
  const { t } = useTranslation();
  const me = useAppSelector((state) => state.session.me?.id);
  const { currentData, error, isFetching, hasNextPage, fetchNextPage } = useConversationsFoundInfiniteQuery(filters);
  const conversations = currentData?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Found
      items={conversations.map((one) => ({ key: one.id, conversationId: one.id, title: one.title, isOwn: one.owner_id === me, line: <FoundConversation conversation={one} /> }))}
      isArchive={filters.archived === true}
      nothing={t("search.noChats")}
      error={error}
      isFetching={isFetching}
      onMore={hasNextPage ? () => void fetchNextPage() : null}
    />
  );
}

interface FoundProps {
  items: { key: string; conversationId: string; title: string; isOwn: boolean; line: ReactNode }[];
  isArchive: boolean;
  nothing: string;
  error: unknown;
  isFetching: boolean;
  onMore: (() => void) | null;
}

/** What was found, to be opened, or to be put away together. */
function Found({ items, isArchive, nothing, error, isFetching, onMore }: FoundProps) {
  const { t } = useTranslation();
  const gone = useAppSelector((state) => state.conversations.gone);
  const onlyReads = useAppSelector(isViewer);
  const [selected, setSelected] = useState<ReadonlySet<string> | null>(null);
  const left = items.filter(({ conversationId }) => !gone[conversationId]);
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    setSelected(next);
  };
  if (error) return <Failed error={error} />;
  return (
    <section aria-label={t("search.results")} aria-busy={isFetching}>
      <p role="status" className="hint" dir="auto">
        {!isFetching && left.length === 0 && nothing}
      </p>
      {left.length > 0 && !onlyReads && (
        <div className="hit-tools">
          {selected && <SelectionBar selected={selected} isArchive={isArchive} onDone={() => setSelected(null)} />}
          <button type="button" className="quiet-button" aria-pressed={selected !== null} onClick={() => setSelected(selected ? null : new Set())}>
            <CheckSquare aria-hidden size={14} />
            {selected ? t("list.endSelection") : t("list.select")}
          </button>
        </div>
      )}
      <ol className="hits">
        {left.map(({ key, conversationId, title, isOwn, line }) => (
          <li key={key} className={selected ? "selectable-hit" : undefined}>
            {selected && (
              <input
                type="checkbox"
                checked={selected.has(conversationId)}
                disabled={!isOwn}
                aria-label={t("list.selectOne", { title })}
                onChange={() => toggle(conversationId)}
              />
            )}
            {line}
          </li>
        ))}
      </ol>
      {onMore && (
        <button type="button" aria-disabled={isFetching} onClick={onMore}>
          {t("app.more")}
        </button>
      )}
    </section>
  );
}

/** A message in which the words occur; the link leads to it, on its branch. */
function Hit({ hit }: { hit: SearchHit }) {
  const { t } = useTranslation();
  const { time } = useDates();
  return (
    <Link className="hit" href={`/c/${hit.conversation_id}?leaf=${hit.message_id}#${hit.message_id}`}>
      <span className="hit-head">
        <strong dir="auto">{hit.conversation_title}</strong>
        <span>
          {t(ROLES[hit.role])} · {time(hit.created_at)}
        </span>
      </span>
      <p dir="auto">
        {excerpt(hit.snippet).map(({ highlighted, text }, index) => {
          const Piece = highlighted ? "mark" : "span";
          return <Piece key={index}>{text}</Piece>;
        })}
      </p>
    </Link>
  );
}

function FoundConversation({ conversation }: { conversation: Conversation }) {
  const { time } = useDates();
  const tags = useTags().filter(({ id }) => conversation.tag_ids.includes(id));
  return (
    <Link className="hit" href={`/c/${conversation.id}`}>
      <span className="hit-head">
        <strong dir="auto">{conversation.title}</strong>
        <span>{time(conversation.updated_at)}</span>
        {tags.map((tag) => (
          <TagChip key={tag.id} tag={tag} />
        ))}
      </span>
    </Link>
  );
}
