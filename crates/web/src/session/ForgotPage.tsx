import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useHistoryState } from "wouter/use-browser-location";
import { at, request } from "../api/request";
import { Field } from "../ui/Field";
import { SignInNext } from "./Card";
import { FormCard } from "./FormCard";

/** Asks for a mail with a link to choose a new password. */
export default function ForgotPage() {
  const { t } = useTranslation();
  const [isSent, setSent] = useState(false);
  const typed = useHistoryState<{ email?: string } | null>()?.email;
  if (isSent) {
    return (
      <SignInNext title={t("session.forgotTitle")}>
        <p role="status">{t("session.forgotSent")}</p>
      </SignInNext>
    );
  }
  return (
    <FormCard
      title={t("session.forgotTitle")}
      detail={t("session.forgotDetail")}
      action={t("session.forgotSend")}
      fields={["email"]}
      work={async ({ email = "" }) => {
        await request({ method: "POST", path: at("/api/v1/auth/forgot-password"), body: { email } });
        setSent(true);
      }}
      foot={<Link href="/login">{t("session.back")}</Link>}
    >
      {(problem) => (
        <Field
          label={t("session.email")}
          name="email"
          type="email"
          autoComplete="username"
          required
          autoFocus
          defaultValue={typed}
          problem={problem}
        />
      )}
    </FormCard>
  );
}
