import { CheckSquare } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "wouter";
import { useSearchInfiniteQuery } from "../api/api";
import { isProblem } from "../api/problem";
import type { SearchHit } from "../contract";
import SelectionBar from "../conversations/SelectionBar";
import { useAppSelector } from "../store/store";
import { ProblemText } from "../ui/ProblemText";
import { useDates } from "../ui/dates";
import { useTitle } from "../ui/title";
import { excerpt } from "./excerpt";

type Order = "newest" | "best";
const PAUSE = 250;
const ROLES = {
  user: "message.you",
  assistant: "message.assistant",
  system: "message.system",
  tool: "message.tool",
} as const;

/** Searches in everything that was said. The address holds the search, so that the way back leads to it. */
export default function SearchPage() {
  const { t } = useTranslation();
  useTitle(t("nav.search"));
  const [parameters, setParameters] = useSearchParams();
  const q = parameters.get("q") ?? "";
  const order: Order = parameters.get("order") === "best" ? "best" : "newest";
  const [typed, setTyped] = useState(q);
  useEffect(() => setTyped(q), [q]);
  const search = (words: string, by: Order) =>
    setParameters({ ...(words && { q: words }), ...(by === "best" && { order: by }) }, { replace: true });
  useEffect(() => {
    const words = typed.trim();
    if (words === q) return;
    const timer = setTimeout(() => search(words, order), PAUSE);
    return () => clearTimeout(timer);
    // Only what is typed is waited for.
  }, [typed]);
  return (
    <main id="main" className="page" tabIndex={-1}>
      <div className="page-body">
        <h1>{t("nav.search")}</h1>
        <form
          className="search-form"
          role="search"
          onSubmit={(event) => {
            event.preventDefault();
            search(typed.trim(), order);
          }}
        >
          <input
            id="search"
            type="search"
            autoFocus
            dir="auto"
            maxLength={200}
            autoComplete="off"
            aria-label={t("search.label")}
            placeholder={t("search.placeholder")}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <select aria-label={t("search.order")} value={order} onChange={(event) => search(q, event.target.value as Order)}>
            <option value="newest">{t("search.newest")}</option>
            <option value="best">{t("search.best")}</option>
          </select>
        </form>
        {q === "" ? <p className="hint search-hint">{t("search.hint")}</p> : <Hits q={q} order={order} />}
      </div>
    </main>
  );
}

function Hits({ q, order }: { q: string; order: Order }) {
  const { t } = useTranslation();
  const { currentData, error, isFetching, hasNextPage, fetchNextPage } = useSearchInfiniteQuery({ q, order });
  const gone = useAppSelector((state) => state.conversations.gone);
  const [selected, setSelected] = useState<ReadonlySet<string> | null>(null);
  const hits = (currentData?.pages.flatMap((page) => page.items) ?? []).filter((hit) => !gone[hit.conversation_id]);
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    setSelected(next);
  };
  if (isProblem(error)) {
    return (
      <p className="error" role="alert">
        <ProblemText problem={error} />
      </p>
    );
  }
  return (
    <section aria-label={t("search.results")} aria-busy={isFetching}>
      <p role="status" className="hint" dir="auto">
        {!isFetching && hits.length === 0 && t("search.none", { q })}
      </p>
      {hits.length > 0 && (
        <div className="hit-tools">
          {selected && <SelectionBar selected={selected} isArchive={false} onDone={() => setSelected(null)} />}
          <button type="button" className="quiet-button" aria-pressed={selected !== null} onClick={() => setSelected(selected ? null : new Set())}>
            <CheckSquare aria-hidden size={14} />
            {selected ? t("list.endSelection") : t("list.select")}
          </button>
        </div>
      )}
      <ol className="hits">
        {hits.map((hit) => (
          <li key={hit.message_id} className={selected ? "selectable-hit" : undefined}>
            {selected && (
              <input
                type="checkbox"
                checked={selected.has(hit.conversation_id)}
                aria-label={t("list.selectOne", { title: hit.conversation_title })}
                onChange={() => toggle(hit.conversation_id)}
              />
            )}
            <Hit hit={hit} />
          </li>
        ))}
      </ol>
      {hasNextPage && (
        <button type="button" aria-disabled={isFetching} onClick={() => void fetchNextPage()}>
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

