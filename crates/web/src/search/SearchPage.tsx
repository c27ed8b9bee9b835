import { X } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "wouter";
import { useModelsQuery, useProjectsQuery, useTagsQuery } from "../api/api";
import { Failed } from "../ui/Failed";
import { useTitle } from "../ui/title";
import { ConversationsFound, MessagesFound } from "./Found";
import { Lesson } from "./Lesson";
import type { Order } from "./api";
import { type Filter, meaningOf, parse, without, written } from "./query";

const PAUSE = 250;

/** Searches in everything that was said. The address holds what was typed, so that the way back leads to it. */
export default function SearchPage() {
  const { t } = useTranslation();
  useTitle(t("nav.search"));
  const [parameters, setParameters] = useSearchParams();
  const q = parameters.get("q") ?? "";
  const order: Order = parameters.get("order") === "best" ? "best" : "newest";
  const [typed, setTyped] = useState(q);
  const input = useRef<HTMLInputElement>(null);
  // A blank at the end stays for the next word.
  useEffect(() => setTyped((now) => (now.trim() === q ? now : q)), [q]);
  const search = (text: string, by: Order) =>
    setParameters({ ...(text && { q: text }), ...(by === "best" && { order: by }) }, { replace: true });
  useEffect(() => {
    const text = typed.trim();
    if (text === q) return;
    const timer = setTimeout(() => search(text, order), PAUSE);
    return () => clearTimeout(timer);
    // Only what is typed is waited for.
  }, [typed]);
  const put = (text: string) => {
    setTyped(text);
    search(text.trim(), order);
    input.current?.focus();
  };
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
            ref={input}
            id="search"
            type="search"
            autoFocus
            dir="auto"
            maxLength={400}
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
        {q === "" ? (
          <>
            <p className="hint search-hint">{t("search.hint")}</p>
            <Lesson onChoose={(text) => setTyped(text)} input={input} />
          </>
        ) : (
          <Results key={q} q={q} order={order} onRemove={(filter) => put(without(q, filter))} />
        )}
      </div>
    </main>
  );
}

/** What the words and filters find, or what is wrong with them. */
function Results({ q, order, onRemove }: { q: string; order: Order; onRemove: (filter: Filter) => void }) {
  const { t } = useTranslation();
  const { words, filters } = useMemo(() => parse(q), [q]);
  const isFiltered = filters.length > 0;
  const { data: tags, error: tagsError } = useTagsQuery(undefined, { skip: !isFiltered });
  const { data: projects, error: projectsError } = useProjectsQuery(undefined, { skip: !isFiltered });
  const { data: models, error: modelsError } = useModelsQuery(undefined, { skip: !isFiltered });
  const error = tagsError ?? projectsError ?? modelsError;
  const isKnown = !isFiltered || (tags && projects && models);
  const meaning = useMemo(() => meaningOf(filters, { tags: tags ?? [], projects: projects ?? [], models: models ?? [] }), [filters, tags, projects, models]);
  const { messages, conversations, needsWords, wrong } = meaning;
  return (
    <>
      {isFiltered && (
        <ul className="filter-chips search-chips" aria-label={t("filters.title")}>
          {filters.map((filter) => {
            const text = written(filter.name, filter.value);
            const isWrong = isKnown && wrong.some((one) => one.filter === filter);
            return (
              <li key={filter.from}>
                <button
                  type="button"
                  className={isWrong ? "filter-chip bad" : "filter-chip"}
                  aria-label={t("filters.remove", { name: text })}
                  onClick={() => onRemove(filter)}
                >
                  <span dir="auto">{text}</span>
                  <X aria-hidden size={13} />
                </button>
              </li>
            );
          })}
        </ul>
      )}
      {!isKnown ? (
        error && <Failed error={error} />
      ) : wrong.length > 0 ? (
        <div role="status" className="hint search-hint">
          {wrong.map(({ filter: { name, value, from }, reason }) => (
            <p key={from} dir="auto">
              {t(`search.wrong.${reason}`, { name, value })}
            </p>
          ))}
        </div>
      ) : words !== "" ? (
        <MessagesFound words={words} order={order} filters={messages} isFiltered={isFiltered} />
      ) : needsWords || !isFiltered ? (
        <p role="status" className="hint search-hint">
          {t(needsWords ? "search.needsWords" : "search.hint")}
        </p>
      ) : (
        <ConversationsFound filters={conversations} />
      )}
    </>
  );
}
