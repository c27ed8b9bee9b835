import { Archive, CheckSquare, ListFilter, PanelLeftClose, Search, SquarePen, X } from "lucide-react";
import { Suspense, lazy, useDeferredValue, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { showSidebar } from "../app/layout";
import { isMac } from "../app/shortcuts";
import { ProjectsSection } from "../projects/ProjectsSection";
import { AccountMenu } from "../session/AccountMenu";
import { ConversationList } from "./ConversationList";
import { useAppSelector } from "../store/store";
import { isViewer } from "./rights";
import type { View } from "./slice";

const SelectionBar = lazy(() => import("./SelectionBar"));
const PAUSE = 200;

/** The conversations, and the ways to everything else. */
export function Sidebar({ onShortcuts }: { onShortcuts: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [isArchive, setArchive] = useState(false);
  const [selected, setSelected] = useState<ReadonlySet<string> | null>(null);
  const q = useDeferredValue(useSettled(typed.trim()));
  const view: View = { archived: isArchive, q };
  const input = useRef<HTMLInputElement>(null);
  const onlyReads = useAppSelector(isViewer);
  const endSelection = () => setSelected(null);
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
      <div className="filter">
        <ListFilter aria-hidden size={16} />
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
            className="small"
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
