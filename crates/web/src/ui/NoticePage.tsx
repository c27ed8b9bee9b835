import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useTitle } from "./title";

/** A page that only says something. */
export function NoticePage({ title, children }: { title: string; children?: ReactNode }) {
  const { t } = useTranslation();
  useTitle(title);
  return (
    <main id="main" className="notice-page" tabIndex={-1}>
      <h1>{title}</h1>
      {children}
      <p>
        <Link href="/">{t("app.home")}</Link>
      </p>
    </main>
  );
}
