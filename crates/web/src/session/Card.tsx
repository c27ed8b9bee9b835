import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useTitle } from "../ui/title";

/** A page with one thing to do. */
export function Card({ title, children }: { title: string; children: ReactNode }) {
  useTitle(title);
  return (
    <main className="card-page">
      <div className="card">
        <img src="/icon.svg" alt="" width={40} height={40} />
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

/** A page that says what happened; what follows is to sign in. */
export function SignInNext({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Card title={title}>
      {children}
      <p className="card-links">
        <Link href="/login">{t("session.toSignIn")}</Link>
      </p>
    </Card>
  );
}

/** The page was opened without its link, or reloaded. */
export function NoLink() {
  const { t } = useTranslation();
  return (
    <SignInNext title={t("session.noLink")}>
      <p>{t("session.noLinkDetail")}</p>
    </SignInNext>
  );
}
