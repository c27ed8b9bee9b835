import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useSignInOptionsQuery } from "../api/api";
import { at, request } from "../api/request";
import { Field } from "../ui/Field";
import { SignInNext } from "./Card";
import { FormCard } from "./FormCard";
import { NewPassword } from "./NewPassword";

/** Asks for an account. The answer does not tell whether the address is known. */
export default function RegisterPage() {
  const { t } = useTranslation();
  const { data: options } = useSignInOptionsQuery();
  const [isSent, setSent] = useState(false);
  if (isSent) {
    return (
      <SignInNext title={t("session.register")}>
        <p role="status">{options?.password_reset ? t("session.registeredMail") : t("session.registered")}</p>
      </SignInNext>
    );
  }
  return (
    <FormCard
      title={t("session.register")}
      detail={options?.registration === "domains" ? t("session.registerDomains") : undefined}
      action={t("session.create")}
      fields={["display_name", "email", "password"]}
      work={async ({ display_name = "", email = "", password = "" }) => {
        await request({ method: "POST", path: at("/api/v1/auth/register"), body: { display_name, email, password } });
        setSent(true);
      }}
      foot={<Link href="/login">{t("session.back")}</Link>}
    >
      {(problem) => (
        <>
          <Field label={t("session.name")} name="display_name" autoComplete="name" required autoFocus problem={problem} />
          <Field label={t("session.email")} name="email" type="email" autoComplete="username" required problem={problem} />
          <NewPassword label={t("session.password")} problem={problem} />
        </>
      )}
    </FormCard>
  );
}
