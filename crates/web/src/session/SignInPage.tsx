import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useSearchParams } from "wouter";
import { useAppSelector } from "../store/store";
import { useTitle } from "../ui/title";
import { Card } from "./Card";
import { SignInForm } from "./SignInForm";
import { useFragment } from "./token";
import { wayBack } from "./ways";

/** Why signing in elsewhere led back here. */
const REASONS = [
  "account_exists",
  "email_unverified",
  "identity_taken",
  "no_address",
  "registration_closed",
  "sign_in_denied",
  "sign_in_expired",
] as const;

export function SignInPage() {
  const { t } = useTranslation();
  useTitle(t("session.signIn"));
  const [, navigate] = useLocation();
  const [parameters] = useSearchParams();
  const failure = useFragment("error");
  const next = wayBack(parameters.get("next"), location.origin, failure === "" ? location.hash : "");
  const isSignedIn = useAppSelector((state) => state.session.status === "signed-in");
  useEffect(() => {
    if (isSignedIn) navigate(next, { replace: true });
  }, [isSignedIn, navigate, next]);
  const reason = REASONS.find((slug) => slug === failure);
  return (
    <Card title={t("session.signInTo")}>
      {failure !== "" && (
        <p className="error" role="alert">
          {reason ? t(`signIn.${reason}`) : t("signIn.failed")}
        </p>
      )}
      <SignInForm next={next} isForAll />
    </Card>
  );
}
