import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { type Problem, isProblem } from "../api/problem";
import { at, request } from "../api/request";
import type { Offer, Workspace } from "../contract";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Field } from "../ui/Field";
import { ProblemText } from "../ui/ProblemText";
import { useForm } from "../ui/form";
import { useTitle } from "../ui/title";
import { Card } from "./Card";
import { NewPassword } from "./NewPassword";
import { NoLink } from "./PasswordPages";
import { FormProblem, SignInForm } from "./SignInForm";
import { entered, signOut, switchWorkspace } from "./actions";
import { useFragment } from "./token";

/** Follows an invitation: as whoever is signed in, by signing in, or with a new account. */
export function InvitationPage() {
  const { t } = useTranslation();
  useTitle(t("invitation.title"));
  const token = useFragment("token");
  const [offer, setOffer] = useState<Offer | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const me = useAppSelector((state) => (state.session.status === "signed-in" ? state.session.me : null));
  useEffect(() => {
    if (token === "") return;
    request<Offer>({ method: "POST", path: at("/api/v1/auth/invitation"), body: { token } }).then(setOffer, (error: unknown) => {
      if (!isProblem(error)) throw error;
      setProblem(error);
    });
  }, [token]);
  if (token === "") return <NoLink />;
  if (problem) {
    return (
      <Card title={t("invitation.title")}>
        <p className="error" role="alert">
          <ProblemText problem={problem} />
        </p>
      </Card>
    );
  }
  if (!offer) return <Card title={t("invitation.title")}>{null}</Card>;
  const { workspace_name: workspace, invited_by: inviter, email } = offer;
  return (
    <Card title={t("invitation.to", { workspace })}>
      <p dir="auto">{t("invitation.detail", { inviter, workspace, role: t(`role.${offer.role}`), email })}</p>
      {me ? <Accept token={token} isMeant={me.email === email} /> : offer.has_account ? <SignInFirst email={email} /> : <Join token={token} />}
    </Card>
  );
}

function SignInFirst({ email }: { email: string }) {
  const { t } = useTranslation();
  return (
    <>
      <p className="quiet">{t("invitation.signInFirst")}</p>
      <SignInForm email={email} next="/" />
    </>
  );
}

function Accept({ token, isMeant }: { token: string; isMeant: boolean }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const { problem, isBusy, onSubmit } = useForm(async () => {
    const { id } = await request<Workspace>({ method: "POST", path: at("/api/v1/auth/accept-invitation"), body: { token } });
    await dispatch(switchWorkspace(id));
  });
  if (!isMeant) {
    return (
      <>
        <p className="error" role="alert">
          {t("invitation.otherAccount")}
        </p>
        <button type="button" className="wide" onClick={() => void dispatch(signOut())}>
          {t("session.signOut")}
        </button>
      </>
    );
  }
  return (
    <form onSubmit={onSubmit}>
      <FormProblem problem={problem} fields={[]} />
      <button type="submit" className="primary wide" aria-disabled={isBusy}>
        {t("invitation.join")}
      </button>
    </form>
  );
}

function Join({ token }: { token: string }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [, navigate] = useLocation();
  const { problem, isBusy, onSubmit } = useForm(async ({ display_name = "", password = "" }) => {
    await request({ method: "POST", path: at("/api/v1/auth/accept-invitation"), body: { token, display_name, password } });
    await dispatch(entered());
    navigate("/", { replace: true });
  });
  return (
    <form onSubmit={onSubmit}>
      <FormProblem problem={problem} fields={["display_name", "password"]} />
      <Field label={t("session.name")} name="display_name" autoComplete="name" required autoFocus problem={problem} />
      <NewPassword label={t("session.password")} problem={problem} />
      <button type="submit" className="primary wide" aria-disabled={isBusy}>
        {t("session.create")}
      </button>
    </form>
  );
}
