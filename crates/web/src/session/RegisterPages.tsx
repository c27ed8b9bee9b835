import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useSignInOptionsQuery } from "../api/api";
import { isProblem } from "../api/problem";
import { at, request } from "../api/request";
import type { VerifiedEmail } from "../contract";
import { Field } from "../ui/Field";
import { useForm } from "../ui/form";
import { useTitle } from "../ui/title";
import { Card } from "./Card";
import { NewPassword } from "./NewPassword";
import { Done, NoLink } from "./PasswordPages";
import { FormProblem } from "./SignInForm";
import { useFragment } from "./token";

/** Asks for an account. The answer does not tell whether the address is known. */
export function RegisterPage() {
  const { t } = useTranslation();
  useTitle(t("session.register"));
  const { data: options } = useSignInOptionsQuery();
  const [isSent, setSent] = useState(false);
  const { problem, isBusy, onSubmit } = useForm(async ({ display_name = "", email = "", password = "" }) => {
    await request({ method: "POST", path: at("/api/v1/auth/register"), body: { display_name, email, password } });
    setSent(true);
  });
  if (isSent) return <Done title={t("session.register")} text={t("session.registered")} />;
  return (
    <Card title={t("session.register")}>
      {options?.registration === "domains" && <p className="quiet">{t("session.registerDomains")}</p>}
      <form onSubmit={onSubmit}>
        <FormProblem problem={problem} fields={["display_name", "email", "password"]} />
        <Field label={t("session.name")} name="display_name" autoComplete="name" required autoFocus problem={problem} />
        <Field label={t("session.email")} name="email" type="email" autoComplete="username" required problem={problem} />
        <NewPassword label={t("session.password")} problem={problem} />
        <button type="submit" className="primary wide" aria-disabled={isBusy}>
          {t("session.create")}
        </button>
      </form>
      <p className="card-links">
        <Link href="/login">{t("session.back")}</Link>
      </p>
    </Card>
  );
}

/** Proves an address with the token of a mail; whoever registered repeats the password. */
export function VerifyPage() {
  const { t } = useTranslation();
  useTitle(t("session.verifyTitle"));
  const token = useFragment("token");
  const [asksPassword, setAsksPassword] = useState(false);
  const [verified, setVerified] = useState<VerifiedEmail | null>(null);
  const { problem, isBusy, onSubmit } = useForm(async ({ password }) => {
    try {
      setVerified(await request<VerifiedEmail>({ method: "POST", path: at("/api/v1/auth/verify-email"), body: { token, password } }));
    } catch (error) {
      const isMissing = isProblem(error) && error.errors.some(({ pointer, code }) => pointer === "/password" && code === "required");
      if (!isMissing || asksPassword) throw error;
      setAsksPassword(true);
    }
  });
  if (token === "") return <NoLink />;
  if (verified) {
    const text = verified.state === "pending" ? t("session.verifiedPending") : t("session.verified", { email: verified.email });
    return <Done title={t("session.verifyTitle")} text={text} />;
  }
  return (
    <Card title={t("session.verifyTitle")}>
      <form onSubmit={onSubmit}>
        <p className="quiet">{asksPassword ? t("session.verifyPassword") : t("session.verifyDetail")}</p>
        <FormProblem problem={problem} fields={["password"]} />
        {asksPassword && (
          <Field
            label={t("session.password")}
            name="password"
            type="password"
            autoComplete="current-password"
            required
            autoFocus
            problem={problem}
          />
        )}
        <button type="submit" className="primary wide" aria-disabled={isBusy}>
          {t("session.verifyAction")}
        </button>
      </form>
    </Card>
  );
}
