import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useSearchParams } from "wouter";
import { useAppSelector } from "../store/store";
import { useTitle } from "../ui/title";
import { Card } from "./Card";
import { SignInForm } from "./SignInForm";

/** The address within this place where somebody wanted to go. */
function wayBack(wanted: string | null): string {
  if (!wanted || !URL.canParse(wanted, location.origin)) return "/";
  const url = new URL(wanted, location.origin);
  return url.origin === location.origin ? url.pathname + url.search + (url.hash || location.hash) : "/";
}

export function SignInPage() {
  const { t } = useTranslation();
  useTitle(t("session.signIn"));
  const [, navigate] = useLocation();
  const [parameters] = useSearchParams();
  const next = wayBack(parameters.get("next"));
  const isSignedIn = useAppSelector((state) => state.session.status === "signed-in");
  useEffect(() => {
    if (isSignedIn) navigate(next, { replace: true });
  }, [isSignedIn, navigate, next]);
  return (
    <Card title={t("session.signInTo")}>
      <SignInForm />
    </Card>
  );
}
