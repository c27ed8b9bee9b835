import { Code } from "lucide-react";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { type Picture, draw, drawnBefore } from "../diagrams/frame";
import { CodeBlock } from "./CodeBlock";

/** A diagram, once somebody sees it. Until then, and where it cannot be drawn, its source stands there. */
export default function Diagram({ source, language }: { source: string; language: string }) {
  const { t } = useTranslation();
  const theme = useShownTheme();
  const place = useRef<HTMLDivElement>(null);
  const [picture, setPicture] = useState<Picture | null>(() => drawnBefore(source, theme) ?? null);
  const [showsSource, setShowsSource] = useState(false);
  useEffect(() => {
    if (!place.current) return;
    let isWanted = true;
    const observer = new IntersectionObserver(([entry]) => {
      if (!entry?.isIntersecting) return;
      observer.disconnect();
      void draw(source, theme).then((drawn) => isWanted && setPicture(drawn));
    });
    observer.observe(place.current);
    return () => {
      isWanted = false;
      observer.disconnect();
    };
  }, [source, theme]);
  if (!picture || showsSource) {
    return (
      <div ref={place}>
        <CodeBlock code={source} language={language} isOpen={false} />
        {picture && (
          <button type="button" className="link" onClick={() => setShowsSource(false)}>
            {t("diagram.show")}
          </button>
        )}
      </div>
    );
  }
  return (
    <div ref={place}>
      <figure className="diagram">
        <div tabIndex={0} role="group" aria-label={t("diagram.label")}>
          <img src={picture.address} width={picture.width} height={picture.height} alt={t("diagram.label")} />
        </div>
        <figcaption>
          <button type="button" className="small" title={t("diagram.source")} onClick={() => setShowsSource(true)}>
            <Code aria-hidden size={15} />
            <span className="hidden">{t("diagram.source")}</span>
          </button>
        </figcaption>
      </figure>
    </div>
  );
}

/** Whether the page is light or dark now, by choice or by the system. */
function useShownTheme(): "light" | "dark" {
  return useSyncExternalStore(
    (listener) => {
      const system = matchMedia("(prefers-color-scheme: dark)");
      const chosen = new MutationObserver(listener);
      chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
      system.addEventListener("change", listener);
      return () => {
        chosen.disconnect();
        system.removeEventListener("change", listener);
      };
    },
    () => {
      const { theme } = document.documentElement.dataset;
      const isDark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      return isDark ? "dark" : "light";
    },
  );
}
