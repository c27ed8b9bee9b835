import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { type Problem, isProblem } from "../api/problem";
import { at, request } from "../api/request";
import type { Offer, Workspace } from "../contract";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Failed } from "../ui/Failed";
import { Field } from "../ui/Field";
import { FormProblem } from "../ui/FormProblem";
import { useForm } from "../ui/form";
import { Card, NoLink } from "./Card";
import { NewPassword } from "./NewPassword";
import { SignInForm } from "./SignInForm";
import { entered, signOut, switchWorkspace } from "./actions";
import { useFragment } from "./token";

/** Follows an invitation: as whoever is signed in, by signing in, or with a new account. */
export default function InvitationPage() {
  const { t } = useTranslation();
  const token = useKept(useFragment("token"));
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
        <Failed error={problem} />
      </Card>
    );
  }
  if (!offer) return <Card title={t("invitation.title")}>{null}</Card>;
  const { workspace_name: workspace, invited_by: inviter, email } = offer;
  return (
    <Card title={t("invitation.to", { workspace })}>
      <p dir="auto">{t("invitation.detail", { inviter, workspace, role: t(`role.${offer.role}`), email })}</p>
      {me ? <Accept token={token} isMeant={me.email === email} /> : offer.has_account ? <SignInFirst email={email} token={token} /> : <Join token={token} />}
    </Card>
  );
}

/** Where the token waits while its person is away to sign in elsewhere: what it opens goes through no address. */
const KEPT = "colloquy.invitation";

/** The token of the link, or the one that was kept before the person left to sign in. */
function useKept(token: string): string {
  const [kept] = useState(() => sessionStorage.getItem(KEPT) ?? "");
  useEffect(() => sessionStorage.removeItem(KEPT), []);
  return token || kept;
}

function SignInFirst({ email, token }: { email: string; token: string }) {
  const { t } = useTranslation();
  return (
    <>
      <p className="quiet">{t("invitation.signInFirst")}</p>
      <SignInForm email={email} next="/invitation" onLeave={() => sessionStorage.setItem(KEPT, token)} />
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
        <button type="button" className="wide" onClick={() => void dispatch(signOut({ page: null }))}>
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
