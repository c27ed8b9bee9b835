import { PanelLeft } from "lucide-react";
import { type ReactNode, Suspense, lazy, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { Sidebar } from "../conversations/Sidebar";
import { withTexts } from "../i18n";
import { isOffline } from "../offline/state";
import { useAppSelector } from "../store/store";
import { isSidebarShown, isSmall, leaveSidebar, showSidebar, useSidebar } from "./layout";
import { useShortcuts } from "./shortcuts";

const ShortcutsDialog = lazy(() => withTexts(import("./ShortcutsDialog")));
/** A short break of the connection is not worth a word. */
const QUIET_FOR = 2_000;

/** The sidebar, and beside it the page. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [location, navigate] = useLocation();
  const isShown = useSidebar();
  const [showsShortcuts, setShowsShortcuts] = useState(false);
  useEffect(leaveSidebar, [location]);
  useShortcuts(
    useMemo(
      () => ({
        search() {
          navigate("/search");
          requestAnimationFrame(() => document.getElementById("search")?.focus());
        },
        newChat() {
          navigate("/");
          requestAnimationFrame(() => document.getElementById("composer")?.focus());
        },
        toggleSidebar: () => showSidebar(!isSidebarShown()),
        help: () => setShowsShortcuts(true),
      }),
      [navigate],
    ),
  );
  return (
    <div className={isShown ? "shell with-sidebar" : "shell"}>
      <a className="skip" href="#main" onClick={(event) => skip(event)}>
        {t("app.skip")}
      </a>
      {isShown && <Sidebar onShortcuts={() => setShowsShortcuts(true)} />}
      {isShown && <div className="scrim" aria-hidden onClick={leaveSidebar} />}
      <div className="content" inert={isShown && isSmall()}>
        {!isShown && (
          <button type="button" className="icon show-sidebar" title={t("nav.showSidebar")} onClick={() => showSidebar(true)}>
            <PanelLeft aria-hidden size={20} />
            <span className="hidden">{t("nav.showSidebar")}</span>
          </button>
        )}
        {children}
      </div>
      <ConnectionState />
      {showsShortcuts && (
        <Suspense fallback={null}>
          <ShortcutsDialog onClose={() => setShowsShortcuts(false)} />
        </Suspense>
      )}
    </div>
  );
}

function skip(event: { preventDefault(): void }): void {
  event.preventDefault();
  (document.getElementById("composer") ?? document.getElementById("main"))?.focus();
}

/** Says quietly that the connection is away, once it has been for a moment. */
function ConnectionState() {
  const { t } = useTranslation();
  const isLost = useAppSelector((state) => isOffline(state) || (state.session.status === "signed-in" && state.session.connection !== "open"));
  const [isTold, setTold] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setTold(isLost), isLost ? QUIET_FOR : 0);
    return () => clearTimeout(timer);
  }, [isLost]);
  return (
    <div className="connection" role="status">
      {isLost && isTold && <span>{navigator.onLine ? t("connection.lost") : t("connection.offline")}</span>}
    </div>
  );
}
