import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { at, request } from "../api/request";
import { useAppDispatch } from "../store/store";
import { Field } from "../ui/Field";
import { useForm } from "../ui/form";
import { useTitle } from "../ui/title";
import { Card } from "./Card";
import { FormProblem } from "./SignInForm";
import { NewPassword } from "./NewPassword";
import { entered } from "./actions";
import { useFragment } from "./token";

/** Asks for a mail with a link to choose a new password. */
export function ForgotPage() {
  const { t } = useTranslation();
  useTitle(t("session.forgotTitle"));
  const [isSent, setSent] = useState(false);
  const { problem, isBusy, onSubmit } = useForm(async ({ email = "" }) => {
    await request({ method: "POST", path: at("/api/v1/auth/forgot-password"), body: { email } });
    setSent(true);
  });
  if (isSent) return <Done title={t("session.forgotTitle")} text={t("session.forgotSent")} />;
  return (
    <Card title={t("session.forgotTitle")}>
      <p className="quiet">{t("session.forgotDetail")}</p>
      <form onSubmit={onSubmit}>
        <FormProblem problem={problem} fields={["email"]} />
        <Field label={t("session.email")} name="email" type="email" autoComplete="username" required autoFocus problem={problem} />
        <button type="submit" className="primary wide" aria-disabled={isBusy}>
          {t("session.forgotSend")}
        </button>
      </form>
      <p className="card-links">
        <Link href="/login">{t("session.back")}</Link>
      </p>
    </Card>
  );
}

/** Chooses a new password with the token of a link. */
export function ResetPage() {
  const { t } = useTranslation();
  useTitle(t("session.resetTitle"));
  const token = useFragment("token");
  const [isDone, setDone] = useState(false);
  const { problem, isBusy, onSubmit } = useForm(async ({ password = "" }) => {
    await request({ method: "POST", path: at("/api/v1/auth/reset-password"), body: { token, password } });
    setDone(true);
  });
  if (token === "") return <NoLink />;
  if (isDone) return <Done title={t("session.resetTitle")} text={t("session.resetDone")} />;
  return (
    <Card title={t("session.resetTitle")}>
      <p className="quiet">{t("session.resetDetail")}</p>
      <form onSubmit={onSubmit}>
        <FormProblem problem={problem} fields={["password"]} />
        <NewPassword label={t("session.newPassword")} problem={problem} autoFocus />
        <button type="submit" className="primary wide" aria-disabled={isBusy}>
          {t("session.resetAction")}
        </button>
      </form>
    </Card>
  );
}

/** Chooses the first password of an account that an administrator made. */
export function ActivatePage() {
  const { t } = useTranslation();
  useTitle(t("session.activateTitle"));
  const dispatch = useAppDispatch();
  const [, navigate] = useLocation();
  const token = useFragment("token");
  const { problem, isBusy, onSubmit } = useForm(async ({ password = "", display_name = "" }) => {
    const body = { token, password, display_name: display_name === "" ? undefined : display_name };
    await request({ method: "POST", path: at("/api/v1/auth/activate"), body });
    await dispatch(entered());
    navigate("/", { replace: true });
  });
  if (token === "") return <NoLink />;
  return (
    <Card title={t("session.activateTitle")}>
      <p className="quiet">{t("session.activateDetail")}</p>
      <form onSubmit={onSubmit}>
        <FormProblem problem={problem} fields={["password", "display_name"]} />
        <Field
          label={t("session.nameOptional")}
          name="display_name"
          autoComplete="name"
          hint={t("session.nameOptionalHint")}
          problem={problem}
        />
        <NewPassword label={t("session.password")} problem={problem} />
        <button type="submit" className="primary wide" aria-disabled={isBusy}>
          {t("session.activateAction")}
        </button>
      </form>
    </Card>
  );
}

/** Something is done; what follows is to sign in. */
export function Done({ title, text }: { title: string; text: string }) {
  const { t } = useTranslation();
  return (
    <Card title={title}>
      <p role="status">{text}</p>
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
    <Card title={t("session.noLink")}>
      <p>{t("session.noLinkDetail")}</p>
      <p className="card-links">
        <Link href="/login">{t("session.toSignIn")}</Link>
      </p>
    </Card>
  );
}
