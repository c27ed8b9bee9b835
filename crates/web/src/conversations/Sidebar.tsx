import { Archive, CheckSquare, ListFilter, PanelLeftClose, Search, SquarePen, X } from "lucide-react";
import { Suspense, lazy, useDeferredValue, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { showSidebar } from "../app/layout";
import { isMac } from "../app/shortcuts";
import { ProjectsSection } from "../projects/ProjectsSection";
import { AccountMenu } from "../session/AccountMenu";
import { withTexts } from "../i18n";
import { TagsSection } from "../tags/TagsSection";
import { useTags } from "../tags/tags";
import { ConversationList } from "./ConversationList";
import type { Filters } from "./ListFilters";
import { useAppSelector } from "../store/store";
import { isViewer } from "./rights";
import type { View } from "./slice";

const SelectionBar = lazy(() => import("./SelectionBar"));
const ListFilters = lazy(() => withTexts(import("./ListFilters")).then((filters) => ({ default: filters.ListFilters })));
const FilterChips = lazy(() => withTexts(import("./ListFilters")).then((filters) => ({ default: filters.FilterChips })));
const PAUSE = 200;

/** The conversations, and the ways to everything else. */
export function Sidebar({ onShortcuts }: { onShortcuts: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [isArchive, setArchive] = useState(false);
  const [selected, setSelected] = useState<ReadonlySet<string> | null>(null);
  const q = useDeferredValue(useSettled(typed.trim()));
  const [filters, setFilters] = useState<Filters>({});
  const [isFiltering, setFiltering] = useState(false);
  const tags = useTags();
  // A tag that is deleted narrows nothing down any more.
  const tag = tags.some(({ id }) => id === filters.tag) ? filters.tag : undefined;
  const view: View = { ...filters, tag, archived: isArchive, q };
  const isFiltered = view.pinned !== undefined || tag !== undefined || view.project !== undefined;
  const filterButton = useRef<HTMLButtonElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const onlyReads = useAppSelector(isViewer);
  const endSelection = () => setSelected(null);
  const narrow = ({ pinned, tag: tagId, project }: Filters) => {
    setFilters({ pinned, tag: tagId, project });
    endSelection();
  };
  return (
    <nav className="sidebar" aria-label={t("nav.sidebar")}>
      <header>
        <Link href="/" className="new-chat" title={`${t("nav.newChat")} (${isMac ? "⌘⇧O" : "Ctrl+Shift+O"})`}>
          <SquarePen aria-hidden size={18} />
          <span>{t("nav.newChat")}</span>
        </Link>
        <button type="button" className="icon" title={t("nav.hideSidebar")} onClick={() => showSidebar(false)}>
          <PanelLeftClose aria-hidden size={20} />
          <span className="hidden">{t("nav.hideSidebar")}</span>
        </button>
      </header>
      <Link href="/search" className="new-chat search-link" title={`${t("nav.search")} (${isMac ? "⌘K" : "Ctrl+K"})`}>
        <Search aria-hidden size={18} />
        <span>{t("nav.search")}</span>
      </Link>
      <ProjectsSection />
      <TagsSection chosen={tag} onChoose={(chosen) => narrow({ ...filters, tag: chosen })} />
      <div className="filter">
        <button
          ref={filterButton}
          type="button"
          className="small"
          title={t("filters.title")}
          aria-haspopup="dialog"
          aria-expanded={isFiltering}
          aria-pressed={isFiltered}
          onClick={() => setFiltering(true)}
        >
          <ListFilter aria-hidden size={16} />
          <span className="hidden">{t("filters.title")}</span>
        </button>
        <input
          ref={input}
          id="filter"
          type="text"
          enterKeyHint="search"
          autoComplete="off"
          maxLength={200}
          dir="auto"
          aria-label={t("nav.filter")}
          placeholder={t("nav.filter")}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") setTyped("");
            if (event.key === "ArrowDown") document.querySelector<HTMLElement>(".conversations a[tabindex='0']")?.focus();
          }}
        />
        {typed !== "" && (
          <button
            type="button"
            className="small clear"
            title={t("nav.clearFilter")}
            onClick={() => {
              setTyped("");
              input.current?.focus();
            }}
          >
            <X aria-hidden size={16} />
            <span className="hidden">{t("nav.clearFilter")}</span>
          </button>
        )}
      </div>
      <Suspense fallback={null}>
        {isFiltering && <ListFilters filters={view} anchor={filterButton} onChange={narrow} onClose={() => setFiltering(false)} />}
      </Suspense>
      <Suspense fallback={null}>
        {isFiltered && <FilterChips filters={view} onChange={narrow} />}
      </Suspense>
      <div className="list-tools">
        <button type="button" className="quiet-button" aria-pressed={isArchive} onClick={() => (setArchive(!isArchive), endSelection())}>
          <Archive aria-hidden size={14} />
          {isArchive ? t("nav.backToChats") : t("nav.archived")}
        </button>
        {!onlyReads && (
          <button
            type="button"
            className="small"
            aria-pressed={selected !== null}
            title={selected ? t("list.endSelection") : t("list.select")}
            onClick={() => setSelected(selected ? null : new Set())}
          >
            <CheckSquare aria-hidden size={15} />
            <span className="hidden">{selected ? t("list.endSelection") : t("list.select")}</span>
          </button>
        )}
      </div>
      <Suspense fallback={null}>
        {selected && <SelectionBar selected={selected} isArchive={isArchive} onDone={endSelection} />}
      </Suspense>
      <ConversationList
        view={view}
        selected={selected}
        onToggle={(id) => {
          const next = new Set(selected);
          if (!next.delete(id)) next.add(id);
          setSelected(next);
        }}
      />
      <AccountMenu onShortcuts={onShortcuts} />
    </nav>
  );
}

/** The value once it has not changed for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), value === "" ? 0 : PAUSE);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
