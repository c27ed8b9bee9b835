import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, isProblem } from "../api/problem";
import { at, request } from "../api/request";
import type { VerifiedEmail } from "../contract";
import { Failed } from "../ui/Failed";
import { Field } from "../ui/Field";
import { NoLink, SignInNext } from "./Card";
import { FormCard } from "./FormCard";
import { useFragment } from "./token";

/** Proves an address with the token of a mail; whoever registered repeats the password. */
export default function VerifyPage() {
  const { t } = useTranslation();
  const token = useFragment("token");
  const [asksPassword, setAsksPassword] = useState(false);
  const [verified, setVerified] = useState<VerifiedEmail | null>(null);
  const [dead, setDead] = useState<Problem | null>(null);
  if (token === "") return <NoLink />;
  if (verified || dead) {
    return (
      <SignInNext title={t("session.verifyTitle")}>
        <Failed error={dead} />
        {dead && <p>{t("session.verifyAgain")}</p>}
        {verified && (
          <p role="status">
            {verified.state === "pending" ? t("session.verifiedPending") : t("session.verified", { email: verified.email })}
          </p>
        )}
      </SignInNext>
    );
  }
  return (
    <FormCard
      title={t("session.verifyTitle")}
      detail={asksPassword ? t("session.verifyPassword") : t("session.verifyDetail")}
      action={t("session.verifyAction")}
      fields={["password"]}
      work={async ({ password }) => {
        try {
          setVerified(await request<VerifiedEmail>({ method: "POST", path: at("/api/v1/auth/verify-email"), body: { token, password } }));
        } catch (error) {
          if (!isProblem(error)) throw error;
          const isMissing = error.errors.some(({ pointer, code }) => pointer === "/password" && code === "required");
          if (error.slug === "link_invalid") setDead(error);
          else if (isMissing && !asksPassword) setAsksPassword(true);
          else throw error;
        }
      }}
    >
      {(problem) =>
        asksPassword && (
          <Field
            label={t("session.password")}
            name="password"
            type="password"
            autoComplete="current-password"
            required
            autoFocus
            problem={problem}
          />
        )
      }
    </FormCard>
  );
}
