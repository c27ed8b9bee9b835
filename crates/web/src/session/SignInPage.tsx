import { Suspense, lazy, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useSearchParams } from "wouter";
import { withTexts } from "../i18n";
import { useAppSelector } from "../store/store";
import { useTitle } from "../ui/title";
import { Card } from "./Card";
import { SignInForm } from "./SignInForm";
import { useFragment } from "./token";
import { wayBack } from "./ways";

const Arrival = lazy(() => withTexts(import("./Arrival")));

export default function SignInPage() {
  const { t } = useTranslation();
  useTitle(t("session.signIn"));
  const [, navigate] = useLocation();
  const [parameters] = useSearchParams();
  const failure = useFragment("error");
  const wasDeleted = useFragment("account") === "deleted";
  const next = wayBack(parameters.get("next"), location.origin, failure === "" && !wasDeleted ? location.hash : "");
  const isSignedIn = useAppSelector((state) => state.session.status === "signed-in");
  useEffect(() => {
    if (isSignedIn) navigate(next, { replace: true });
  }, [isSignedIn, navigate, next]);
  return (
    <Card title={t("session.signInTo")}>
      {(failure !== "" || wasDeleted) && (
        <Suspense fallback={null}>
          <Arrival failure={failure} />
        </Suspense>
      )}
      <SignInForm next={next} isForAll />
    </Card>
  );
}
